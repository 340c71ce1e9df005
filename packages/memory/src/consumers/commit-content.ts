import { type Commit, CommitError } from '@ars/core';
import { isExhausted } from '../streams/next-id.js';
import { ownNameProblem } from '../streams/own-names.js';
import { type StoredContent, storedContent, valueProblem } from '../streams/stored-content.js';
import type { Database } from '../store/database.js';
import type { ConsumerPlace } from './consumer-place.js';

/** The publishes of a commit, copied and known to be acceptable, in order. */
export type CheckedPublishes = readonly (readonly [stream: string, content: StoredContent])[];

/**
 * Checks all that a commit would write, and writes nothing (PROTOCOL P7).
 * @throws CommitError for a target without IDs left or of the library's own, and for content that no server would take
 */
export function checkContent(database: Database, place: ConsumerPlace, commit: Commit): CheckedPublishes {
  checkChange(database, place, commit);
  const targets = new Set(commit.publishes.map(({ stream }) => stream));
  for (const stream of targets) checkTarget(database, place, stream);
  return commit.publishes.map(({ stream, fields }) => {
    const content = storedContent(fields);
    if (typeof content === 'string') throw refused(place, `an entry for stream "${stream}" ${content}`, stream);
    return [stream, content];
  });
}

function checkChange({ states }: Database, place: ConsumerPlace, { state }: Commit): void {
  if (state === undefined) return;
  if (place.state === null) throw new TypeError('A commit of a consumer without state changes state');
  if (state.header === undefined && !states.has(place.state)) throw new TypeError('The first state has no header');
  for (const [attribute, value] of state.set) {
    const problem = valueProblem(attribute) ?? valueProblem(value);
    if (problem !== undefined) throw refused(place, `attribute "${attribute}" ${problem}`);
  }
}

function checkTarget(database: Database, place: ConsumerPlace, stream: string): void {
  const problem = ownNameProblem(stream);
  if (problem !== undefined) throw refused(place, problem, stream);
  const lastId = database.streams.get(stream)?.lastId;
  if (lastId !== undefined && isExhausted(lastId)) {
    throw refused(place, `stream "${stream}" has no entry IDs left (its last is ${lastId})`, stream);
  }
}

function refused({ address }: ConsumerPlace, reason: string, stream?: string): CommitError {
  const text = `The commit of consumer "${address.consumerId}" is refused: ${reason}`;
  return new CommitError(text, { consumer: address.consumerId, ...(stream === undefined ? {} : { stream }) });
}
