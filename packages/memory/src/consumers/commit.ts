import { BEGINNING, type Commit, type CommitAnswer, compareIds, type Token } from '@ars/core';
import type { Database } from '../store/database.js';
import { type CheckedPublishes, checkContent } from './commit-content.js';
import type { ConsumerPlace } from './consumer-place.js';
import { type ConsumerRecord, isHeldBy, showLife, storedAttempt, storedCursor } from './consumer-record.js';
import { changeState, newState } from './consumer-state.js';
import { checkStateOwner, isStateGone } from './state-checks.js';

/**
 * Applies a commit, as one step that keeps G1, G3, G4 and G6: the checks of PROTOCOL P6 in their order, then those of
 * the content, then the writes, none of which can fail.
 * @throws CommitError, StateOwnershipError when the content is refused; nothing was written then
 */
export function applyCommit(
  database: Database,
  place: ConsumerPlace,
  token: Token,
  commit: Commit,
  nowMs: number,
): CommitAnswer {
  const record = database.records.get(place.record);
  if (record === undefined) return { outcome: 'gone', what: 'record' };
  if (!isHeldBy(record, token)) return { outcome: 'fenced' };
  if (record.commitId === commit.commitId) return { outcome: 'already' };
  if (record.commitId !== commit.base || isAhead(database, place, commit)) return { outcome: 'stale' };
  if (commit.state !== undefined || record.stateCommit !== undefined) checkStateOwner(database, place);
  if (isStateGone(database, place, record)) return { outcome: 'gone', what: 'state' };
  const publishes = checkContent(database, place, commit);
  publish(database, publishes, nowMs);
  writeState(database, place, record, commit);
  writeRecord(database, place, record, commit, nowMs);
  return { outcome: 'committed' };
}

/** Whether a stream of this store is behind the cursor that the commit moves to (P13). */
function isAhead({ streams }: Database, { address }: ConsumerPlace, { cursors }: Commit): boolean {
  if (!address.readsHere) return false;
  return cursors.some(({ stream, position, read }) => {
    const log = streams.get(stream);
    return compareIds(position, log?.lastId ?? BEGINNING) > 0 || read > (log?.added ?? 0);
  });
}

function publish(database: Database, publishes: CheckedPublishes, nowMs: number): void {
  for (const [stream, content] of publishes) database.append(stream, content, nowMs);
}

function writeState({ states }: Database, place: ConsumerPlace, record: ConsumerRecord, commit: Commit): void {
  const { commitId, state: change } = commit;
  if (change === undefined || place.state === null) return;
  let state = states.get(place.state);
  if (state === undefined) {
    state = newState(place.record, place.address, change.header!);
    states.set(place.state, state);
  }
  changeState(state, change, commitId);
  record.stateCommit = commitId;
  if (change.header !== undefined) record.serializer = change.header.serializer;
}

function writeRecord(
  database: Database,
  { address, record: name }: ConsumerPlace,
  record: ConsumerRecord,
  commit: Commit,
  nowMs: number,
): void {
  record.commitId = commit.commitId;
  showLife(record, nowMs);
  record.attempt = commit.attempt && storedAttempt(commit.attempt);
  record.suspect = commit.suspect && storedAttempt(commit.suspect);
  for (const cursor of commit.cursors) {
    record.cursors.set(cursor.stream, storedCursor(cursor));
    if (address.readsHere) database.register(cursor.stream, name, cursor.position);
  }
}
