import type { ConsumerPlan } from './plan.js';

/** With so many callbacks waiting or running, no new message is handled: they are kept in memory. */
const WAITING_MAX = 10_000;

type CallbackPlan = Pick<ConsumerPlan, 'address' | 'logger' | 'environment' | 'stopTimeoutMs'>;

/**
 * Runs `afterCommit` callbacks one after another, in the order of the commits; their errors are logged. Messages do not
 * wait for them, until too many are waiting.
 */
export class AfterCommit {
  readonly #plan: CallbackPlan;
  readonly #onRoom: () => void;
  #waiting = 0;
  #hasWarned = false;
  #tail: Promise<void> | undefined;

  /** `onRoom` is called when it is full no longer. */
  constructor(plan: CallbackPlan, onRoom: () => void) {
    this.#plan = plan;
    this.#onRoom = onRoom;
  }

  /** Whether no more should come until some have settled. */
  get isFull(): boolean {
    return this.#waiting >= WAITING_MAX;
  }

  run(callbacks: readonly (() => unknown)[]): void {
    if (callbacks.length === 0) return;
    this.#waiting += callbacks.length;
    const previous = this.#tail;
    const current = this.#runAll(previous, callbacks).then(() => {
      if (this.#tail === current) this.#tail = undefined;
    });
    this.#tail = current;
    if (this.isFull && previous !== undefined) this.#warn();
  }

  /** Resolves when everything handed over so far has settled. */
  async settled(): Promise<void> {
    await this.#tail;
  }

  /**
   * The consumer has ended: waits for its callbacks, until `forced` or its stop timeout. Nobody need have told it to stop, and
   * one that never settles must not hide what has ended it.
   */
  async end(forced: Promise<void>): Promise<void> {
    const { address, environment, logger, stopTimeoutMs } = this.#plan;
    let giveUp!: () => void;
    const late = new Promise<void>((resolve) => (giveUp = resolve));
    const cancel = environment.after(stopTimeoutMs, () => {
      logger.warn(
        `Consumer "${address.consumerId}": afterCommit did not settle within ${stopTimeoutMs} ms of the end.`,
      );
      giveUp();
    });
    await Promise.race([this.settled(), forced, late]);
    cancel();
  }

  async #runAll(previous: Promise<void> | undefined, callbacks: readonly (() => unknown)[]): Promise<void> {
    await previous;
    for (const callback of callbacks) {
      try {
        await callback();
      } catch (error) {
        this.#plan.logger.error('An afterCommit callback failed; the commit stands.', error);
      }
      this.#waiting -= 1;
      if (this.#waiting === WAITING_MAX - 1) this.#onRoom();
    }
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    const { address, logger } = this.#plan;
    logger.warn(
      `Consumer "${address.consumerId}": ${this.#waiting} afterCommit callbacks wait for those before them, so messages wait ` +
        'for them from now on. They run one after another: what takes long belongs into the handler of a message that is published.',
      { consumer: address.consumerId, streams: address.streams },
    );
  }
}
