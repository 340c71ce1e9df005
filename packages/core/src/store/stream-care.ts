import type { EntryId } from '../domain/entry-id.js';
import type { ConsumerAddress } from './consumer-address.js';
import type { StreamCursor } from './stored-consumer.js';
import type { StoredEntry } from './stored-entry.js';

/**
 * How much of a stream is kept: `consumed` keeps what some registered consumer has not committed, `maxLength` about so
 * many of the newest entries, `maxAge` what is younger than so many milliseconds (exactly so old is not). Numbers are
 * rounded down; one that is negative or not finite is a `ConfigurationError`. Whatever is asked, nothing is removed
 * that a registered consumer has not committed.
 */
export type Retention = 'consumed' | { readonly maxLength: number } | { readonly maxAge: number };

/** A consumer in a stream's registry, which holds back trimming. */
export interface RegisteredConsumer {
  /** How the store names the consumer's record. */
  readonly name: string;
  /** The last entry known to be committed; the true position is there or later. */
  readonly position: EntryId;
}

/** Entries to take from one stream and append to another, each with the fields it shall have there. */
export interface MoveRequest {
  readonly from: string;
  readonly to: string;
  /** IDs in `from`, in ascending order, and the fields of the entry to append. */
  readonly entries: readonly StoredEntry[];
}

/** How many were moved, and how many stay because a registered consumer of `from` has not committed them yet. The rest were gone. */
export interface MoveAnswer {
  readonly moved: number;
  readonly held: number;
}

/** What is done to streams, and to their registries of consumers, from outside transactions. Each is one atomic step a stream. */
export interface StreamCare {
  /**
   * Removes what a stream need not keep, oldest first and at most some 10,000 entries a call; answers how many. Ages
   * are measured by the store's own clock against the IDs.
   */
  trim(stream: string, retention: Retention): Promise<number>;
  /** The registered consumers of a stream, in no order. */
  consumers(stream: string): Promise<readonly RegisteredConsumer[]>;
  /**
   * Notes how far a consumer that commits elsewhere has come, in the registry of each cursor's stream. Consumers that
   * commit here are registered by their claims and commits.
   */
  register(address: ConsumerAddress, cursors: readonly StreamCursor[]): Promise<void>;
  /** Takes a consumer out of the registries of its streams; answers whether it was in one. Its record and state stay. */
  unregister(address: ConsumerAddress): Promise<boolean>;
  /**
   * Moves entries that still exist; each exactly once, however often it is asked. With nothing to take, the target is not
   * looked at. Both streams share a slot, and are not the same (a `TypeError`).
   */
  move(request: MoveRequest): Promise<MoveAnswer>;
}
