import type { EntryId } from '../domain/entry-id.js';

interface Waiter {
  readonly targets: ReadonlyMap<string, EntryId>;
  readonly resolve: (isPassed: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/** Those who wait until everything up to certain IDs is committed (PROTOCOL P28). */
export class CaughtUp {
  readonly #hasPassed: (stream: string, target: EntryId) => boolean;
  readonly #waiters = new Set<Waiter>();
  #ending: { readonly error: unknown } | undefined;

  constructor(hasPassed: (stream: string, target: EntryId) => boolean) {
    this.#hasPassed = hasPassed;
  }

  /** Resolves to true when each stream has been passed, to false when to ask again; rejects when the consumer ends before. */
  wait(targets: ReadonlyMap<string, EntryId>): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiters.add({ targets, resolve, reject });
      this.check();
      if (this.#ending !== undefined) this.end(this.#ending.error);
    });
  }

  /** Looks again, after a commit or an empty read. */
  check(): void {
    for (const waiter of this.#waiters) {
      if (!Array.from(waiter.targets).every(([stream, target]) => this.#hasPassed(stream, target))) continue;
      this.#waiters.delete(waiter);
      waiter.resolve(true);
    }
  }

  /** The streams may have lost the entries that are waited for: all must ask with the IDs that are there now. */
  askAgain(): void {
    for (const waiter of this.#waiters) waiter.resolve(false);
    this.#waiters.clear();
  }

  /** Nothing more will be committed, for this reason; the first one counts. */
  end(error: unknown): void {
    this.#ending ??= { error };
    for (const waiter of this.#waiters) waiter.reject(this.#ending.error);
    this.#waiters.clear();
  }
}
