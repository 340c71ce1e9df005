import type { FailedAttempt, StoredRecord, StreamCursor, Token } from '@ars/core';

/** A consumer's record as the store keeps it; everything in it that is not a scalar is frozen or a map of its own. */
export interface ConsumerRecord {
  readonly consumerId: string;
  epoch: number;
  /** The owner's random value; empty when released. */
  owner: string;
  /** The owner's latest renewal number; 0 from the claim on. */
  renewal: number;
  /** Grows with every sign of life. */
  heartbeat: number;
  commitId: string;
  /** When the owner last claimed, renewed or committed, by the store's clock. */
  seenMs: number;
  /** By stream, in the order in which they came. */
  readonly cursors: Map<string, StreamCursor>;
  stateCommit: string | undefined;
  serializer: string | undefined;
  attempt: FailedAttempt | undefined;
  suspect: FailedAttempt | undefined;
}

/** A record for a consumer that had none; its first commitId is the claiming owner's value. */
export function newRecord(consumerId: string, owner: string): ConsumerRecord {
  return {
    consumerId,
    epoch: 0,
    owner: '',
    renewal: 0,
    heartbeat: 0,
    commitId: owner,
    seenMs: 0,
    cursors: new Map(),
    stateCommit: undefined,
    serializer: undefined,
    attempt: undefined,
    suspect: undefined,
  };
}

/** Whether a token is the record's owner's, with its latest renewal number. */
export function isHeldBy(record: ConsumerRecord, token: Token): boolean {
  return token.owner !== '' && record.owner === token.owner && record.renewal === token.renewal;
}

/**
 * Notes that the owner lives. The heartbeat follows the clock, so that after an older copy was restored it comes to
 * other numbers than those that were seen before, and grows by one where the clock stands or was set back.
 */
export function showLife(record: ConsumerRecord, nowMs: number): void {
  record.heartbeat = Math.max(record.heartbeat + 1, Math.trunc(nowMs));
  record.seenMs = nowMs;
}

/** A cursor as it is stored and handed out: copied from what was given, and frozen. */
export function storedCursor({ stream, position, read }: StreamCursor): StreamCursor {
  return Object.freeze({ stream, position, read });
}

/** A failing or suspect message as it is stored and handed out. */
export function storedAttempt({ stream, id, count }: FailedAttempt): FailedAttempt {
  return Object.freeze({ stream, id, count });
}

/** The record as `inspect` and `claim` answer it. */
export function answeredRecord(record: ConsumerRecord, nowMs: number): StoredRecord {
  return {
    layout: '1',
    epoch: record.epoch,
    owner: record.owner,
    heartbeat: record.heartbeat,
    quietMs: Math.max(0, nowMs - record.seenMs),
    commitId: record.commitId,
    cursors: [...record.cursors.values()],
    stateCommit: record.stateCommit,
    serializer: record.serializer,
    attempt: record.attempt,
    suspect: record.suspect,
  };
}

/** The same record with a life of its own. */
export function copyRecord(record: ConsumerRecord): ConsumerRecord {
  return { ...record, cursors: new Map(record.cursors) };
}
