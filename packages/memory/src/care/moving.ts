import { CommitError, compareIds, type EntryId, type MoveAnswer, type MoveRequest, type StoredEntry } from '@ars/core';
import type { Database } from '../store/database.js';
import { isExhausted } from '../streams/next-id.js';
import { refuseOwnName } from '../streams/own-names.js';
import { type StoredContent, storedContent } from '../streams/stored-content.js';
import { heldFrom } from './registry.js';

/**
 * Moves entries from one stream to another as one step. What is not there any more was moved earlier, or deleted; what a
 * registered consumer has not committed stays.
 * @throws CommitError for fields that no server would take, for the library's own names, and for a target without IDs
 * left; TypeError for a move from a stream to itself; nothing is moved then
 */
export function moveEntries(database: Database, { from, to, entries }: MoveRequest, nowMs: number): MoveAnswer {
  if (from === to) throw new TypeError('entries are moved from one stream to another');
  refuseOwnName(from);
  refuseOwnName(to);
  const contents = new Map<EntryId, StoredContent>(entries.map((entry) => [entry.id, contentFor(to, entry)]));
  const log = database.streams.get(from);
  const held = heldFrom(database, from);
  const present = [...contents.keys()].filter((id) => log?.has(id) === true);
  const free = present.filter((id) => held === undefined || compareIds(id, held) <= 0);
  if (free.length > 0) checkTarget(database, to);
  for (const id of free) database.append(to, contents.get(id)!, nowMs);
  log?.delete(free);
  database.news.changed(from);
  return { moved: free.length, held: present.length - free.length };
}

function contentFor(to: string, { fields }: StoredEntry): StoredContent {
  const content = storedContent(fields);
  if (typeof content === 'string') throw new CommitError(`An entry for stream "${to}" ${content}`, { stream: to });
  return content;
}

function checkTarget({ streams }: Database, to: string): void {
  const lastId = streams.get(to)?.lastId;
  if (lastId === undefined || !isExhausted(lastId)) return;
  throw new CommitError(`Stream "${to}" has no entry IDs left (its last is ${lastId})`, { stream: to });
}
