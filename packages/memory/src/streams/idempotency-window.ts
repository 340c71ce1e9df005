import type { EntryId } from '@ars/core';

/** How long and how many idempotency keys a stream remembers. */
export interface WindowBounds {
  /** A key is forgotten after so many milliseconds of the store's clock. */
  readonly windowMs: number;
  /** While so many are remembered, there is no room for another. */
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

  /** How many keys are remembered; some may be too old. */
  get size(): number {
    return this.#keys.size;
  }

  /** Forgets the oldest as far as they are too old, and tells whether another may be remembered. */
  makeRoom(nowMs: number): boolean {
    for (const [oldest, entry] of this.#keys) {
      if (this.#isFresh(entry, nowMs)) break;
      this.#keys.delete(oldest);
    }
    return this.#keys.size < this.#bounds.keysMax;
  }

  /** Remembers an entry's key, for which room was made. */
  remember(key: string, id: EntryId, nowMs: number): void {
    this.#keys.delete(key);
    this.#keys.set(key, { id, atMs: nowMs });
  }

  /** The same keys with a life of their own. */
  copy(): IdempotencyWindow {
    return new IdempotencyWindow(this.#bounds, this.#keys);
  }

  #isFresh({ atMs }: Remembered, nowMs: number): boolean {
    return nowMs - atMs < this.#bounds.windowMs;
  }
}
