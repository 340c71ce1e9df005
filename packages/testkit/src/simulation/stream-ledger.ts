import { compareIds, type EntryId } from '@ars/core';
import type { MemorySnapshot, MemoryStore } from '@ars/memory';

/** One entry that a stream has ever held. */
export interface LedgerEntry {
  readonly id: EntryId;
  /** The field `n`, which names the message. */
  readonly n: string;
}

/** Everything that the streams of one store have ever held in the history that counts, also what was removed since. */
export class StreamLedger {
  readonly store: MemoryStore;
  readonly #names: readonly string[];
  #entries = new Map<string, LedgerEntry[]>();
  /** Called when content goes back to an older copy, after it has. */
  onRestore: (copy: OlderContent) => void = () => {};

  constructor(store: MemoryStore, names: readonly string[]) {
    this.store = store;
    this.#names = names;
  }

  /** Every entry of a stream, oldest first. */
  entries(stream: string): readonly LedgerEntry[] {
    this.#absorb();
    return this.#entries.get(stream) ?? [];
  }

  /** Every entry of a stream that is there now. */
  existing(stream: string): ReadonlySet<EntryId> {
    return new Set(this.store.entries(stream).map(({ id }) => id));
  }

  /** To be called before entries are removed. */
  beforeRemoval(): void {
    this.#absorb();
  }

  /** Copies all content. */
  snapshot(): OlderContent {
    this.#absorb();
    const entries = new Map(Array.from(this.#entries, ([stream, list]) => [stream, [...list]]));
    return { snapshot: this.store.snapshot(), entries };
  }

  /** Puts a copy in place of the content; what came later has never been. */
  restore(copy: OlderContent): void {
    this.store.restoreSnapshot(copy.snapshot);
    this.#entries = new Map(Array.from(copy.entries, ([stream, list]) => [stream, [...list]]));
    this.onRestore(copy);
  }

  #absorb(): void {
    for (const stream of this.#names) {
      const list = this.#entries.get(stream) ?? [];
      const last = list.at(-1)?.id ?? '0-0';
      for (const { id, message } of this.store.entries(stream)) {
        if (compareIds(id, last) > 0) list.push({ id, n: String(message['n']) });
      }
      this.#entries.set(stream, list);
    }
  }
}

/** A copy of a store's content and of its ledger. */
export interface OlderContent {
  readonly snapshot: MemorySnapshot;
  readonly entries: ReadonlyMap<string, readonly LedgerEntry[]>;
}
