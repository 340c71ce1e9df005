import type { Logger } from '../domain/logger.js';

/** Runs `afterCommit` callbacks one after another, in the order of the commits; their errors are logged. */
export class AfterCommit {
  readonly #logger: Logger;
  #tail: Promise<void> | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  run(callbacks: readonly (() => unknown)[]): void {
    if (callbacks.length === 0) return;
    const previous = this.#tail;
    const current = this.#runAll(previous, callbacks).then(() => {
      if (this.#tail === current) this.#tail = undefined;
    });
    this.#tail = current;
  }

  /** Resolves when everything handed over so far has settled. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  async #runAll(previous: Promise<void> | undefined, callbacks: readonly (() => unknown)[]): Promise<void> {
    await previous;
    for (const callback of callbacks) {
      try {
        await callback();
      } catch (error) {
        this.#logger.error('An afterCommit callback failed; the commit stands.', error);
      }
    }
  }
}
