import type { EntryId } from '../domain/entry-id.js';
import type { StoredFields, StoredValue } from '../domain/fields.js';

/**
 * Where streams are read and consumers commit: Redis, memory, or yours. A store never sees handlers or messages, only
 * stored bytes. Reading (`StreamReader`) and committing (`ConsumerHome`) are apart, because a consumer may read from
 * one store and commit in another. Nothing here is an optional guarantee.
 *
 * Failures that any method may reject with: `StoreUnavailableError` (cannot be reached or cannot serve now; the caller
 * closes what it opened, opens again and renews) and `ConfigurationError` (will not work however often it is tried).
 */
export interface StreamStore {
  /** Names the store in messages, such as `redis://localhost:6379/0`; never holds credentials. */
  readonly name: string;
  /** Connects a reader for one consumer, within the store's connect timeout. */
  openReader(): Promise<StreamReader>;
  /** Connects the place where one consumer commits, within the store's connect timeout. */
  openHome(address: ConsumerAddress): Promise<ConsumerHome>;
  /** Appends one entry from outside a consumer. */
  append(request: AppendRequest): Promise<AppendAnswer>;
  /** The ID of each stream's last existing entry, in the order asked; `0-0` for an empty or missing stream. */
  tail(streams: readonly string[]): Promise<readonly EntryId[]>;
  /** Why a stream cannot be part of a transaction at this home, as a sentence; undefined when it can. */
  placementProblem(home: string, stream: string): string | undefined;
  /** Ends every connection that the store made; readers and homes still open fail. Calling it twice does nothing. */
  close(): Promise<void>;
}

/** A consumer's identity and place, from which a store derives its keys. */
export interface ConsumerAddress {
  readonly consumerId: string;
  /** The hash tag that all of the consumer's keys share. */
  readonly home: string;
  /** The stream that the record is named after, or `*` for a consumer of a list of streams. */
  readonly scope: string;
  /** Every stream that the consumer reads, in the order of its options. */
  readonly streams: readonly string[];
  /** Whether the streams are read from this very store, so that a commit can check and register against them. */
  readonly readsHere: boolean;
  /** The stored state's name, `undefined` to name it after scope and consumerId; `null` for a consumer without state. */
  readonly stateName: string | undefined | null;
}

/** How far a stream has been read: the last entry's ID, and the logical number of entries up to it. */
export interface StreamCursor {
  readonly stream: string;
  /** ID of the last entry read; `0-0` before the first. */
  readonly position: EntryId;
  /** How many entries had ever been added to the stream up to and including the position, deleted ones too. */
  readonly read: number;
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
  /** In stream order, without holes but for `lost`, which lie before the first of them or anywhere up to the last. */
  readonly entries: readonly StoredEntry[];
  /** Entries after the cursor that were deleted or trimmed before this read; exact. */
  readonly lost: number;
  /** The cursor after this read: last entry's ID, and `read` raised by `lost` and by the number of entries. */
  readonly cursor: StreamCursor;
  /** Set when the stream is behind the cursor: recreated, flushed or restored. Then `entries` is empty. */
  readonly regressed: boolean;
  /** Entries ever added to the stream, for lag. */
  readonly added: number;
  /** The last ID the stream ever generated; `0-0` for a missing stream. */
  readonly lastId: EntryId;
}

/** One record of a stream. */
export interface StoredEntry {
  readonly id: EntryId;
  readonly fields: StoredFields;
}

/** What a consumer's owner must show: its random value, one per claim, and the number of the latest renewal. */
export interface Token {
  readonly owner: string;
  readonly renewal: number;
}

/**
 * Where one consumer claims and commits. Calls are made one after another, but for `renew`, which may be called while a
 * commit is under way. Each method is one atomic step of the store.
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
  /** Gives ownership up, if the token still holds it; otherwise does nothing. */
  release(token: Token): Promise<void>;
  close(): void;
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
}

/** A message that keeps failing, so that its count survives a restart. */
export interface FailedAttempt {
  readonly stream: string;
  readonly id: EntryId;
  /** How often its handler has failed, 2 or more. */
  readonly count: number;
}

/** A consumer's state as stored. */
export interface StoredState {
  /** Name of the owning record: equal to `ownRecord` when it is this consumer's. */
  readonly owner: string;
  /** Whether the owning record is this consumer's. */
  readonly isOwn: boolean;
  /** The commit that wrote it last; must equal the record's `stateCommit`. */
  readonly commitId: string;
  readonly version: number;
  /** The attributes that the code declared when it was last written. */
  readonly declared: readonly string[];
  /** Serialized value of every attribute. */
  readonly attributes: ReadonlyMap<string, StoredValue>;
}

/** Asks for ownership. */
export interface ClaimRequest {
  /** The epoch that was inspected, 0 without a record. */
  readonly expectedEpoch: number;
  /** The last epoch this process owned, 0 if none; the new epoch is above both. */
  readonly ownEpoch: number;
  /** The new owner's random value: 32 hexadecimal digits. Also the first commitId of a new record. */
  readonly owner: string;
  /** Where to begin each stream; stored for those that have no position yet. */
  readonly starts: readonly StreamCursor[];
}

/** `claimed` with what is stored as of the claim, or `conflict` when somebody else claimed or committed a claim since. */
export type ClaimAnswer =
  | { readonly outcome: 'claimed'; readonly epoch: number; readonly inspection: Inspection }
  | { readonly outcome: 'conflict' };

/** `held`: the token is still the owner's. `fenced`: another owner has the consumer. `gone`: the record is missing. */
export type RenewAnswer =
  | { readonly outcome: 'held'; readonly commitId: string }
  | { readonly outcome: 'fenced'; readonly epoch: number }
  | { readonly outcome: 'gone' };

/** What one commit writes: all of it, or nothing. */
export interface Commit {
  /** Names this content for ever; sending the same commit again is always safe. */
  readonly commitId: string;
  /** The commitId that this one was computed on. */
  readonly base: string;
  /** The cursors that moved. */
  readonly cursors: readonly StreamCursor[];
  /** Changed attributes; `undefined` when none changed. */
  readonly state: StateChange | undefined;
  /** New entries, appended in this order. */
  readonly publishes: readonly Publish[];
  /** The failing message to keep on record; `undefined` removes what is there. */
  readonly attempt: FailedAttempt | undefined;
}

/** Attributes to write and to delete. */
export interface StateChange {
  /** What is kept beside the attributes; `undefined` leaves it as it is. Always given in the first commit after a claim. */
  readonly header: StateHeader | undefined;
  readonly set: readonly (readonly [attribute: string, value: StoredValue])[];
  readonly deleted: readonly string[];
}

/** How stored state is to be understood: its version, its serializer (kept in the record), and what the code declares. */
export interface StateHeader {
  readonly version: number;
  readonly serializer: string;
  readonly declared: readonly string[];
}

/** One entry to append to a stream; the store gives it its ID. */
export interface Publish {
  readonly stream: string;
  readonly fields: StoredFields;
}

/**
 * The truth about one commit:
 * `committed` – applied now; `already` – this very commitId is the last one applied (the earlier answer was lost);
 * `fenced` – another token owns the consumer; `stale` – the stored commitId is neither this one nor its base, or the
 * streams are behind its positions: the store was rewound; `gone` – the record, or the state it wrote, is missing.
 * In all but the first two nothing is written. Rejections leave nothing behind either: `CommitError` when the content
 * is refused (a target of the wrong type, a missing right, no IDs left), `StoreUnavailableError` when the store cannot
 * serve or the answer was lost (then it may have been applied: renew, and send it again).
 */
export type CommitAnswer =
  | { readonly outcome: 'committed' }
  | { readonly outcome: 'already' }
  | { readonly outcome: 'fenced' }
  | { readonly outcome: 'stale' }
  | { readonly outcome: 'gone'; readonly what: 'record' | 'state' };

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
