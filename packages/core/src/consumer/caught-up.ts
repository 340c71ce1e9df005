import type { EntryId } from '../domain/entry-id.js';

interface Waiter {
  readonly targets: ReadonlyMap<string, EntryId>;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait until everything up to certain IDs is committed (PROTOCOL P28). */
export class CaughtUp {
  readonly #hasPassed: (stream: string, target: EntryId) => boolean;
  readonly #waiters = new Set<Waiter>();

  constructor(hasPassed: (stream: string, target: EntryId) => boolean) {
    this.#hasPassed = hasPassed;
  }

  /** Resolves when each stream has been passed; rejects when the consumer ends before. */
  wait(targets: ReadonlyMap<string, EntryId>): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters.add({ targets, resolve, reject });
      this.check();
    });
  }

  /** Looks again, after a commit or an empty read. */
  check(): void {
    for (const waiter of this.#waiters) {
      if (!Array.from(waiter.targets).every(([stream, target]) => this.#hasPassed(stream, target))) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** The consumer has ended. */
  end(error: unknown): void {
    for (const waiter of this.#waiters) waiter.reject(error);
    this.#waiters.clear();
  }
}
