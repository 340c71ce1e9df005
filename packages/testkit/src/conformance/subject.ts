import type { ConsumerAddress, EntryId, StoredFields, StreamStore } from '@ars/core';

/**
 * One store under test, and what happens to its content outside the library. The hooks are what other clients, operators
 * and accidents do to a server; the suite only decides when. All but `addEntry` may be left out, and are then declared
 * in `StoreConformanceOptions.missing`, with the reason.
 */
export interface StoreSubject {
  /** The store under test, ready to use. */
  readonly store: StreamStore;
  /** Appends an entry outside the library (`XADD`), under the given ID or one of the server's; resolves to its ID. */
  addEntry(stream: string, fields: StoredFields, id?: EntryId): Promise<EntryId>;
  /** Deletes entries by their IDs (`XDEL`). The stream and its counters stay, also without entries. */
  deleteEntries?(stream: string, ids: readonly EntryId[]): Promise<void>;
  /** Removes the oldest entries until so many are left (`XTRIM MAXLEN`). The stream and its counters stay. */
  trimStream?(stream: string, maxLength: number): Promise<void>;
  /** Deletes a stream with its counters (`DEL`). */
  deleteStream?(stream: string): Promise<void>;
  /** Removes a consumer's record or state (with all its keys), and nothing else of it, as an eviction policy would. */
  evict?(what: 'record' | 'state', address: ConsumerAddress): Promise<void>;
  /** Puts something that is not a stream under a stream's name, where nothing is yet. */
  occupy?(stream: string): Promise<void>;
  /** Cuts every open reader and home, as a lost connection does; new ones can be opened at once. */
  disconnect?(): Promise<void>;
  /** Copies all content now; `restore` puts the copy in place later, as a failover that lost the newest writes does. */
  olderCopy?(): Promise<OlderCopy>;
  /**
   * Makes another store that remembers at most so many idempotency keys a stream, on the same content or on its own. The
   * case closes it.
   */
  boundedStore?(idempotencyKeysMax: number): Promise<StreamStore>;
  /** Ends the store and all that was made for it. */
  close(): Promise<void>;
}

/** A copy of a server's content from earlier. */
export interface OlderCopy {
  /** Puts the copy in place of the present content, under a new history; open readers and homes fail. */
  restore(): Promise<void>;
}

/** A hook of `StoreSubject` that a store's tests may be unable to offer. */
export type StoreHook = Exclude<keyof StoreSubject, 'store' | 'addEntry' | 'close'>;

/** Names for one case, which no other case uses. */
export interface CaseNames {
  /** Every stream of the case is named `{tag}…`, and its consumers' home is the tag: letters and digits only. */
  readonly tag: string;
}

/** How the suite gets at a store. */
export interface StoreConformanceOptions {
  /** Makes a store for one case. It need not be empty of other cases' content; names tell them apart. */
  create(names: CaseNames): Promise<StoreSubject>;
  /** Hooks that `create` does not give, each with the reason. Default: none; then a case that lacks one fails. */
  readonly missing?: Readonly<Partial<Record<StoreHook, string>>>;
  /** A case that takes longer fails, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}
