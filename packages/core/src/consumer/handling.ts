import type { Delivery } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { StagedDeadLetter } from './dead-letters.js';
import type { Ending } from './endings.js';
import type { MessageRunner } from './message-runner.js';
import type { FailureResult } from './triage.js';

/** How messages are handed to the handler: one after another, or several at once. */
export interface Handling {
  /** Takes up what handlers have left. */
  settle(): void;
  /** Hands messages over as far as may be; what was handled goes on in stream order. */
  advance(): void;
  /** Whether no message has been taken that has not gone on. */
  readonly isEmpty: boolean;
  /** Ends what is running, undoes what has not gone on; returns those messages in order. */
  abort(reason: unknown): Delivery[];
}

/** What a handling needs of the pipeline around it. */
export interface HandlingParts {
  readonly runner: MessageRunner;
  /** The next message if one may be handled now. */
  take(): Delivery | undefined;
  attemptOf(delivery: Delivery): number;
  /** Counts a failure, and says what becomes of the message. */
  judge(delivery: Delivery, error: unknown): FailureResult;
  /** The message will be handled again, before all that was not taken yet. */
  putBack(delivery: Delivery): void;
  /** A message was handled, and all before it have gone on. */
  onHandled(transaction: MessageTransaction): void;
  /** A message was given up, and all before it have gone on. */
  onDeadLetter(staged: StagedDeadLetter): void;
  /** The consumer ends with this message, and all before it have gone on. */
  onEnding(ending: Ending): void;
}

/** Handles one message after another, each on the state that the one before left. */
export class SequentialHandling implements Handling {
  readonly #parts: HandlingParts;
  #current: MessageTransaction | undefined;

  constructor(parts: HandlingParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#current === undefined;
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
      if (transaction.isRunning) this.#current = transaction;
      else this.#goOn(transaction);
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
    if (transaction.hasFailed) this.#fail(transaction);
    else this.#parts.onHandled(transaction);
  }

  #fail(transaction: MessageTransaction): void {
    const { delivery, failure } = transaction;
    transaction.undo();
    const result = this.#parts.judge(delivery, failure);
    if (result !== 'retry' && 'deadLettered' in result) {
      this.#parts.onDeadLetter(result);
      return;
    }
    this.#parts.putBack(delivery);
    if (result !== 'retry') this.#parts.onEnding(result);
  }
}
