import type { Delivery } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { MessageRunner } from './message-runner.js';

/** How messages are handed to the handler: one after another, or several at once. */
export interface Handling {
  /** Takes up what handlers have left. */
  settle(): void;
  /** Hands messages over as far as may be; what was handled goes on in stream order. */
  advance(): void;
  /** Whether some message was taken and has not gone on. */
  readonly isBusy: boolean;
  /** Ends what is running, undoes what has not gone on; returns those messages in order. */
  abort(reason: unknown): Delivery[];
}

/** What a handling needs of the pipeline around it. */
export interface HandlingParts {
  readonly runner: MessageRunner;
  /** The next message if one may be handled now. */
  take(): Delivery | undefined;
  attemptOf(delivery: Delivery): number;
  /** A message was handled, and all before it were. */
  onHandled(transaction: MessageTransaction): void;
  /** A message failed, and all before it were handled. */
  onFailed(delivery: Delivery, error: unknown): void;
}

/** Handles one message after another, each on the state that the one before left. */
export class SequentialHandling implements Handling {
  readonly #parts: HandlingParts;
  #current: MessageTransaction | undefined;

  constructor(parts: HandlingParts) {
    this.#parts = parts;
  }

  get isBusy(): boolean {
    return this.#parts.runner.isBusy;
  }

  settle(): void {
    const transaction = this.#parts.runner.takeSettled();
    if (transaction !== undefined) this.#goOn(transaction);
  }

  advance(): void {
    const { runner } = this.#parts;
    while (!runner.isBusy) {
      const delivery = this.#parts.take();
      if (delivery === undefined) return;
      const transaction = runner.run(delivery, this.#parts.attemptOf(delivery));
      this.#current = transaction;
      if (!transaction.isRunning) this.#goOn(transaction);
    }
  }

  abort(reason: unknown): Delivery[] {
    const transaction = this.#current;
    this.#current = undefined;
    this.#parts.runner.abort(reason);
    if (transaction === undefined) return [];
    transaction.undo();
    return [transaction.delivery];
  }

  #goOn(transaction: MessageTransaction): void {
    this.#current = undefined;
    if (!transaction.hasFailed) {
      this.#parts.onHandled(transaction);
      return;
    }
    transaction.undo();
    this.#parts.onFailed(transaction.delivery, transaction.failure);
  }
}
