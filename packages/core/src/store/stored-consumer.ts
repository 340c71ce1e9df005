import type { EntryId } from '../domain/entry-id.js';
import type { StoredValue } from '../domain/fields.js';

/** How far a stream has been read: the last entry's ID, and the logical number of entries up to it. */
export interface StreamCursor {
  readonly stream: string;
  /** ID of the last entry read; `0-0` before the first. */
  readonly position: EntryId;
  /** How many entries had ever been added to the stream up to and including the position, deleted ones too. */
  readonly read: number;
}

/** Everything stored for a consumer, uninterpreted. */
export interface Inspection {
  /** The consumer's record; `undefined` when there is none. */
  readonly record: StoredRecord | undefined;
  /** Whether the registry of one of the streams lists the consumer. */
  readonly isRegistered: boolean;
  /** The state under the consumer's state name; `undefined` when nothing is stored. */
  readonly state: StoredState | undefined;
}

/** A consumer's record as stored. */
export interface StoredRecord {
  /** Version of the layout; this library writes `1`. */
  readonly layout: string;
  readonly epoch: number;
  /** The owner's random value; empty when released. */
  readonly owner: string;
  /** Grows with every sign of life of an owner; only that it changed means something. */
  readonly heartbeat: number;
  /** Milliseconds since the owner last showed life, by the store's own clock. */
  readonly quietMs: number;
  readonly commitId: string;
  /** The cursor of every stream the consumer ever read. */
  readonly cursors: readonly StreamCursor[];
  /** The commit that last wrote the state; `undefined` when none has. */
  readonly stateCommit: string | undefined;
  /** Name of the serializer of the stored state; `undefined` when none was written. */
  readonly serializer: string | undefined;
  /** The failing message on record, if one failed twice or more. */
  readonly attempt: FailedAttempt | undefined;
  /** The message that was about to be handled under suspicion, if the owner has not got past it (PROTOCOL P19). */
  readonly suspect: FailedAttempt | undefined;
}

/** A message that keeps failing, or keeps ending its process, so that its count survives a restart. */
export interface FailedAttempt {
  readonly stream: string;
  readonly id: EntryId;
  /** How often its handler has failed (2 or more), or was begun under suspicion (1 or more). */
  readonly count: number;
}

/** A consumer's state as stored. */
export interface StoredState {
  /** Name of the owning record, for messages. */
  readonly owner: string;
  /** Whether the owning record is this consumer's. */
  readonly isOwn: boolean;
  /** The commit that wrote it last; must equal the record's `stateCommit`. */
  readonly commitId: string;
  readonly version: number;
  /** The attributes that the code declared when it was last written. */
  readonly declared: readonly string[];
  /** Serialized value of every attribute; always empty for keyed state, which `load` and `scan` answer. */
  readonly attributes: ReadonlyMap<string, StoredValue>;
}
