import type { Environment } from '../domain/environment.js';

/** How long the loop may go on without letting timers and I/O have their turn. */
const DUE_MS = 5;

/** Lets timers and I/O have their turn between the steps of one loop. */
export class Turns {
  readonly #environment: Environment;
  #givenAt = 0;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  give(): Promise<void> {
    return new Promise((resolve) => this.#environment.soon(resolve));
  }

  /**
   * Does so now and then: a store that answers at once would never let them. To be called before the loop waits, when what
   * arrived has been handled and sent, so that a lone message never waits for it.
   */
  async giveIfDue(): Promise<void> {
    if (this.#environment.now() - this.#givenAt < DUE_MS) return;
    await this.give();
    this.#givenAt = this.#environment.now();
  }
}
