/** A call of a store that faults can happen to. */
export type StoreCall =
  | 'locate'
  | 'read'
  | 'inspect'
  | 'claim'
  | 'renew'
  | 'commit'
  | 'release'
  | 'glance'
  | 'persist'
  | 'load'
  | 'scan'
  | 'append'
  | 'trim'
  | 'register'
  | 'unregister'
  | 'move';

/**
 * Where a fault happens. Before: the call has been made, and the store has not seen it. After: the store has applied it,
 * and nobody knows the answer yet.
 */
export type FaultPoint = `${'before' | 'after'}-${StoreCall}`;

/**
 * What happens there:
 * `lose` – the call ends with `StoreUnavailableError`; before the point nothing has happened, after it everything has;
 * `cut` – every open reader and home fails, this call too; new ones can be opened;
 * `kill` – the process is dead: this call and every later one fails, also opening;
 * `delay` – the call stands still there until it is released, and then goes on, even if its connection is gone;
 * `duplicate` – the call goes on, and a second copy of it arrives when it is released, after others may have.
 */
export type Fault = 'lose' | 'cut' | 'kill' | 'delay' | 'duplicate';

/** One fault that was ordered for one call. */
export class PlannedFault {
  readonly fault: Fault;
  /** Resolves when a call has come to the point. */
  readonly reached: Promise<void>;
  readonly #released: Promise<void>;
  readonly #outcome: Promise<unknown>;
  #reach!: () => void;
  #release!: () => void;
  #settle!: (outcome: Promise<unknown>) => void;

  constructor(fault: Fault) {
    this.fault = fault;
    this.reached = new Promise((resolve) => (this.#reach = resolve));
    this.#released = new Promise((resolve) => (this.#release = resolve));
    this.#outcome = new Promise((resolve) => (this.#settle = resolve));
    this.#outcome.catch(() => {});
  }

  /**
   * Lets a delayed call go on, or the second copy of a duplicated one arrive. Resolves to what the store answered to it,
   * once a call has come to the point.
   */
  release(): Promise<unknown> {
    this.#release();
    return this.#outcome;
  }

  /** @internal A call has come; answers when it may go on. */
  hold(): Promise<void> {
    this.#reach();
    return this.#released;
  }

  /** @internal What came of the call that was held, or of the second copy. */
  settle(outcome: Promise<unknown>): void {
    outcome.catch(() => {});
    this.#settle(outcome);
  }
}
