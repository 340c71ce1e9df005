import { waitFor } from '../../support/wait.js';
import { type Deferred, deferred } from './deferred.js';

/** Lets a test decide which handler goes on when, and sees which are running. */
export class Turnstile {
  /** The messages whose handlers have begun, in that order; again with each try. */
  readonly begun: string[] = [];
  /** Those that have come and not gone. */
  readonly running: Set<string> = new Set();
  /** The most that were running at once. */
  most = 0;
  readonly #gates = new Map<string, Deferred<void>>();

  /** To be awaited in the handler: waits for `release`, throws what `fail` says, or why it was aborted. */
  async pass(name: string, signal?: AbortSignal): Promise<void> {
    this.begun.push(name);
    this.running.add(name);
    this.most = Math.max(this.most, this.running.size);
    const gate = this.#gate(name);
    signal?.addEventListener('abort', () => gate.reject(signal.reason));
    try {
      await gate.promise;
    } finally {
      this.running.delete(name);
    }
  }

  /** Lets handlers go on, also those that come later. */
  release(...names: readonly (string | number)[]): void {
    for (const name of names) this.#gate(String(name)).resolve();
  }

  /** Lets a handler fail; its next try waits again. */
  fail(name: string | number, error: unknown): void {
    this.#gate(String(name)).reject(error);
    this.#gates.delete(String(name));
  }

  /** Waits until a handler has begun, so many times. */
  async until(name: string | number, times = 1): Promise<void> {
    const count = (): number => this.begun.filter((one) => one === String(name)).length;
    await waitFor(
      () => count() >= times,
      `the handler of ${name} to begin for the ${times}. time; begun: ${this.begun.join()}`,
    );
  }

  #gate(name: string): Deferred<void> {
    let gate = this.#gates.get(name);
    if (gate === undefined) this.#gates.set(name, (gate = deferred()));
    return gate;
  }
}
