import type { EntryId } from '@ars/core';

/** How long and how many idempotency keys a stream remembers. */
export interface WindowBounds {
  /** A key is forgotten after so many milliseconds of the store's clock. */
  readonly windowMs: number;
  /** The oldest keys beyond so many are forgotten. */
  readonly keysMax: number;
}

interface Remembered {
  readonly id: EntryId;
  readonly atMs: number;
}

/** The idempotency keys of one stream (PROTOCOL P26): which entry was appended under each, oldest first. */
export class IdempotencyWindow {
  readonly #bounds: WindowBounds;
  readonly #keys: Map<string, Remembered>;

  constructor(bounds: WindowBounds, keys: Iterable<readonly [string, Remembered]> = []) {
    this.#bounds = bounds;
    this.#keys = new Map(keys);
  }

  /** The entry that was appended under a key within the window; `undefined` when there is none. */
  find(key: string, nowMs: number): EntryId | undefined {
    const found = this.#keys.get(key);
    return found !== undefined && this.#isFresh(found, nowMs) ? found.id : undefined;
  }

  /** Remembers an entry's key, and forgets what is too old or too much. */
  remember(key: string, id: EntryId, nowMs: number): void {
    this.#keys.delete(key);
    this.#keys.set(key, { id, atMs: nowMs });
    for (const [oldest, entry] of this.#keys) {
      if (this.#keys.size <= this.#bounds.keysMax && this.#isFresh(entry, nowMs)) return;
      this.#keys.delete(oldest);
    }
  }

  /** The same keys with a life of their own. */
  copy(): IdempotencyWindow {
    return new IdempotencyWindow(this.#bounds, this.#keys);
  }

  #isFresh({ atMs }: Remembered, nowMs: number): boolean {
    return nowMs - atMs < this.#bounds.windowMs;
  }
}
