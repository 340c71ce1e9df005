import type { EntryId, FieldsInput, StoredFields, StoredValue, StreamStore } from '@ars/core';

/**
 * A stream store in memory, with what tests and tools need besides the contract. The methods declared here work on the
 * content directly and at once, as if by another client of the same server; they need no connection, so they also work
 * after `close`. Whoever waits for a stream that they change is woken in a microtask.
 */
export interface MemoryStore extends StreamStore {
  /** Every entry of a stream, oldest first; empty for a missing stream. */
  entries(stream: string): readonly MemoryEntry[];
  /** The counters of a stream; `undefined` when there is none. */
  streamInfo(stream: string): MemoryStreamInfo | undefined;
  /**
   * Appends an entry (`XADD`) under the ID that the server gives, or under one of your own.
   * @param fields names and values, or a flat list of them where a name comes twice or is not text
   * @throws MessageValidationError for fields that no server would take
   * @throws ConfigurationError for an ID that is not above the stream's last one; CommitError when there is none left
   */
  add(stream: string, fields: FieldsInput | StoredFields, id?: EntryId): EntryId;
  /** Deletes entries (`XDEL`) and tells how many there were. The stream stays, also without entries. */
  delete(stream: string, ...ids: EntryId[]): number;
  /**
   * Removes the oldest entries (`XTRIM`), whoever has not read them, and tells how many went. The stream stays, also
   * without entries. (`trim` is the contract's, which registered consumers hold back.)
   */
  truncate(stream: string, to: TrimTarget): number;
  /** Deletes a stream with its counters (`DEL`) and tells whether there was one. */
  deleteStream(stream: string): boolean;
  /**
   * Removes the record or the state of a consumer, wherever its home is, as an eviction policy of a server would.
   * Its place in the registry stays.
   * @returns how many were removed: 0 when the consumer had none
   */
  evict(what: 'record' | 'state', consumerId: string): number;
  /** Copies the whole content: streams, records, states, registry and idempotency keys. */
  snapshot(): MemorySnapshot;
  /**
   * Puts the content of a snapshot in place of the present one, under a new history, as after a failover that lost the
   * newest commits. Open readers and homes fail with `StoreUnavailableError`. A snapshot can be restored many times,
   * and into another memory store.
   */
  restoreSnapshot(snapshot: MemorySnapshot): void;
  /** Cuts every open reader and home, as a lost connection does: they fail with `StoreUnavailableError`. Nothing else changes. */
  disconnect(): void;
}

/** One entry, with its fields in both shapes. */
export interface MemoryEntry {
  readonly id: EntryId;
  /** As stored: flat and in order. Byte values must not be written to. */
  readonly fields: StoredFields;
  /** Values by name. The last value wins where a name comes twice; a name that is not UTF-8 is read as Latin-1. */
  readonly message: Readonly<Record<string, StoredValue>>;
}

/** What `XINFO STREAM` tells of a stream. */
export interface MemoryStreamInfo {
  /** How many entries there are. */
  readonly length: number;
  /** How many entries were ever added. */
  readonly added: number;
  /** ID of the first entry there is, `0-0` without entries. */
  readonly firstId: EntryId;
  /** The largest ID that the stream ever held. */
  readonly lastId: EntryId;
  /** The largest ID ever deleted, `0-0` before the first; trimming does not move it. */
  readonly maxDeletedId: EntryId;
}

/** How far to truncate: down to so many entries, or to the entries from an ID on. */
export type TrimTarget = { readonly maxLength: number } | { readonly minId: EntryId };

/** A copy of a store's whole content. It never changes; what is in it is the store's affair. */
export interface MemorySnapshot {
  /** The history that the copy was taken from. */
  readonly history: string;
}
