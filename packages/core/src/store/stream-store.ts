import type { EntryId } from '../domain/entry-id.js';
import type { AuditFinding } from './audit.js';
import type { ClaimAnswer, ClaimRequest, OwnerSight, RenewAnswer, Token } from './claim.js';
import type { Commit, CommitAnswer, Publish } from './commit.js';
import type { ConsumerAddress } from './consumer-address.js';
import type { DurabilityKind, DurabilityLevel } from './durability.js';
import type { LoadAnswer, StatePage } from './keyed-state.js';
import type { Inspection, StreamCursor } from './stored-consumer.js';
import type { StoredEntry } from './stored-entry.js';
import type { StreamCare } from './stream-care.js';

/**
 * Where streams are read and consumers commit: Redis, memory, or yours. A store never sees handlers or messages, only
 * stored bytes. Reading (`StreamReader`) and committing (`ConsumerHome`) are apart, because a consumer may read from
 * one store and commit in another. Nothing here is an optional guarantee.
 *
 * Failures that any method may reject with: `StoreUnavailableError` (cannot be reached or cannot serve now; the caller
 * closes what it opened, opens again and renews) and `ConfigurationError` (will not work however often it is tried).
 */
export interface StreamStore extends StreamCare {
  /** Names the store in messages, such as `redis://localhost:6379/0`; never holds credentials. */
  readonly name: string;
  /** What its homes can wait for after a commit. */
  readonly durability: readonly DurabilityKind[];
  /**
   * Connects a reader for one consumer, within the store's connect timeout. The streams are those it will read, which
   * tell a sharded store where to connect; without them it may not be able to name its `history`.
   */
  openReader(streams?: readonly string[]): Promise<StreamReader>;
  /** Connects the place where one consumer commits, within the store's connect timeout. */
  openHome(address: ConsumerAddress): Promise<ConsumerHome>;
  /** Appends one entry from outside a consumer. */
  append(request: AppendRequest): Promise<AppendAnswer>;
  /** The ID of each stream's last existing entry, in the order asked; `0-0` for an empty or missing stream. */
  tail(streams: readonly string[]): Promise<readonly EntryId[]>;
  /** Why a stream cannot be part of a transaction at this home, as a sentence; undefined when it can. */
  placementProblem(home: string, stream: string): string | undefined;
  /** Looks at how the server is set up; what could lose data or fail later. Empty when all is well. */
  audit(): Promise<readonly AuditFinding[]>;
  /** Ends every connection that the store made; readers and homes still open fail. Calling it twice does nothing. */
  close(): Promise<void>;
}

/** Where a consumer without a stored position begins: everything, only what comes from now on, or from an ID on (inclusive). */
export type StartPoint = 'beginning' | 'end' | { readonly fromId: EntryId };

/** Reads streams for one consumer. One call at a time. */
export interface StreamReader {
  /**
   * Identifies the server's history that this reader sees for as long as it lives: equal values mean the same entries
   * under the same IDs. `undefined` when the store cannot tell; then every reader counts as another history.
   */
  readonly history: string | undefined;
  /** Turns a start point into a cursor, at the last existing entry before it. Rejects with `ConfigurationError` for a
   * `fromId` beyond the stream's last ID, and for a key that is not a stream. A missing stream gives `0-0` and 0. */
  locate(stream: string, start: StartPoint): Promise<StreamCursor>;
  /** Reads what follows each cursor: one result per cursor, in the same order, also for streams with nothing new. */
  read(request: ReadRequest): Promise<readonly StreamRead[]>;
  /** Ends a read that waits (it rejects with `StoreUnavailableError`) and the connection. */
  close(): void;
}

/** What to read, how much, and how long to wait for the first entry. */
export interface ReadRequest {
  readonly cursors: readonly StreamCursor[];
  /** At most so many entries a stream; 0 reads none and only accounts for what was lost. */
  readonly maxEntries: number;
  /** About so many bytes in all: a store may learn the size of entries from earlier reads, and returns at least one. */
  readonly maxBytes: number;
  /** 0 returns at once. A store may return earlier, with nothing. */
  readonly waitMs: number;
}

/** What was read of one stream, with the account of what vanished unread (PROTOCOL P20). */
export interface StreamRead {
  readonly stream: string;
  /** In stream order. */
  readonly entries: readonly StoredEntry[];
  /** How many entries after the cursor were deleted or trimmed before this read, wherever they lay; exact. */
  readonly lost: number;
  /** The cursor after this read: last entry's ID, and `read` raised by `lost` and by the number of entries. */
  readonly cursor: StreamCursor;
  /** Set when the stream is behind the cursor: recreated, flushed or restored. Then `entries` is empty. */
  readonly regressed: boolean;
  /** Entries ever added to the stream, for lag. */
  readonly added: number;
  /** The last ID the stream ever generated; `0-0` for a missing stream. Without `entries`, there is none up to it. */
  readonly lastId: EntryId;
}

/**
 * Where one consumer claims and commits. Calls are made one after another, but for `renew`, `load` and `scan`, which
 * may be called while another call is under way. Each method is one atomic step of the store.
 */
export interface ConsumerHome {
  /** As in `StreamReader`; a home never changes its server. */
  readonly history: string | undefined;
  /** Reads all that is stored for the consumer and writes nothing. */
  inspect(): Promise<Inspection>;
  /** Takes ownership if the stored epoch is the expected one, or if this very owner already has it (then nothing changes). */
  claim(request: ClaimRequest): Promise<ClaimAnswer>;
  /** Raises the owner's renewal number and heartbeat; also with the number it has, as a mere heartbeat. */
  renew(token: Token): Promise<RenewAnswer>;
  /** Applies a transaction or a group of them, or nothing; see `CommitAnswer`. */
  commit(token: Token, commit: Commit): Promise<CommitAnswer>;
  /** Gives ownership up and removes the mark of a suspect, if the token still holds it; otherwise does nothing. */
  release(token: Token): Promise<void>;
  /** Who owns the consumer; `undefined` when it has no record. */
  glance(): Promise<OwnerSight | undefined>;
  /**
   * Waits until everything that this token has committed has reached a level; false when it has not within the time. It
   * may write a sign of life to have something to wait for. Rejects with `ConfigurationError` for a level that the
   * server cannot give.
   */
  persist(token: Token, level: DurabilityLevel): Promise<boolean>;
  /** The stored states of some keys; only for keyed state. */
  load(token: Token, keys: readonly string[]): Promise<LoadAnswer>;
  /** Pages through the stored states of all keys, about `count` at a time; only for keyed state. */
  scan(from: string | undefined, count: number): Promise<StatePage>;
  close(): void;
}

/** One entry to append from outside a consumer. */
export interface AppendRequest extends Publish {
  /** At most one entry per key within the window; `undefined` appends always. */
  readonly idempotencyKey: string | undefined;
}

/** The entry's ID, and whether it had been appended earlier under the same idempotency key. */
export interface AppendAnswer {
  readonly id: EntryId;
  readonly isRepeat: boolean;
}
