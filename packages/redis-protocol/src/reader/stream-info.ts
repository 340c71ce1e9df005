import type { EntryId } from '@ars/core';
import { RedisReplyError, type RedisReply } from '../driver.js';
import type { Link } from '../link/link.js';
import { isText } from '../packing/stored-text.js';
import { rawEntryBytes } from './entries.js';

/** What XINFO STREAM knows of a stream at one moment. */
export interface StreamInfo {
  readonly added: number;
  readonly length: number;
  readonly lastId: EntryId;
  readonly firstId: EntryId;
  /** The largest ID that XDEL ever removed; trimming does not move it. */
  readonly deletedId: EntryId;
  /** About how many bytes the newest entry takes; 0 without one. */
  readonly newestBytes: number;
}

/** Asks for a stream. `undefined` where the server refuses, as for a missing key: a script then tells what is so. */
export async function streamInfo(link: Link, key: string): Promise<StreamInfo | undefined> {
  try {
    return decodeInfo(await link.send(['XINFO', 'STREAM', key]));
  } catch (error) {
    if (error instanceof RedisReplyError) return undefined;
    throw error;
  }
}

function decodeInfo(reply: RedisReply): StreamInfo {
  const flat = reply as readonly RedisReply[];
  const newest = valueOf(flat, 'last-entry', 19);
  return {
    added: valueOf(flat, 'entries-added', 11) as number,
    length: valueOf(flat, 'length', 1) as number,
    lastId: String(valueOf(flat, 'last-generated-id', 7)),
    firstId: String(valueOf(flat, 'recorded-first-entry-id', 13)),
    deletedId: String(valueOf(flat, 'max-deleted-entry-id', 9)),
    newestBytes: Array.isArray(newest) ? rawEntryBytes(newest as unknown as [Buffer, Buffer[]]) : 0,
  };
}

/** Looked for first at the index that it has in Redis 7, since each name costs time to make a string of. */
function valueOf(flat: readonly RedisReply[], name: string, usual: number): RedisReply | undefined {
  if (isNamed(flat[usual - 1], name)) return flat[usual];
  for (let i = 0; i < flat.length; i += 2) if (isNamed(flat[i], name)) return flat[i + 1];
  return undefined;
}

function isNamed(found: RedisReply | undefined, name: string): boolean {
  return Buffer.isBuffer(found) && found.length === name.length && isText(name, found, 0);
}
