import type { AttributeSource } from '../transaction/persistable.js';
import type { Delivery } from '../transaction/delivery.js';
import { MessageTransaction } from '../transaction/message-transaction.js';
import { Publisher } from '../transaction/publisher.js';
import type { ConsumerPlan } from './plan.js';

/**
 * Calls the handler, one message at a time. A synchronous handler costs no promise. A handler that was ended early
 * keeps the runner busy until it settles, and its outcome is ignored (PROTOCOL P14).
 */
export class MessageRunner {
  readonly #plan: ConsumerPlan;
  readonly #publisher: Publisher;
  readonly #attributes: AttributeSource | undefined;
  readonly #onSettled: () => void;
  #open: MessageTransaction | undefined;
  #settled: MessageTransaction | undefined;
  #isLingering = false;
  #isStuck = false;
  #abortReason: unknown;
  #cancelLimit: (() => void) | undefined;

  constructor(plan: ConsumerPlan, attributes: AttributeSource | undefined, onSettled: () => void) {
    this.#plan = plan;
    this.#publisher = new Publisher((stream) => plan.store.placementProblem(plan.address.home, stream));
    this.#attributes = attributes;
    this.#onSettled = onSettled;
  }

  /** Whether a handler is running, or one that was ended early has not settled. */
  get isBusy(): boolean {
    return this.#open !== undefined || this.#settled !== undefined || this.#isLingering;
  }

  /** Whether a handler that was ended early has not settled within the stop timeout. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Why the last handler that was ended early was ended. */
  get abortReason(): unknown {
    return this.#abortReason;
  }

  /** Handles a message; returns its transaction if that settled at once, otherwise `takeSettled` will. */
  run(delivery: Delivery, attempt: number): MessageTransaction | undefined {
    const transaction = new MessageTransaction(delivery, attempt, this.#publisher, this.#plan.state?.tracked);
    if (this.#attributes !== undefined) this.#attributes.open = transaction.root as Record<string, unknown>;
    try {
      const result = this.#plan.handle(this.#plan.decode(delivery.stream, delivery.fields), transaction);
      if (isThenable(result)) return this.#follow(transaction, result);
      transaction.demandNothingLost();
      return this.#close(transaction);
    } catch (error) {
      return this.#close(transaction, { error });
    }
  }

  /** The transaction of an asynchronous handler that has settled since the last call. */
  takeSettled(): MessageTransaction | undefined {
    const settled = this.#settled;
    this.#settled = undefined;
    return settled;
  }

  /** Ends the running handler early; returns its delivery, to be handled again. */
  abort(reason: unknown): Delivery | undefined {
    const settled = this.takeSettled();
    if (settled !== undefined) return settled.delivery;
    const transaction = this.#open;
    if (transaction === undefined) return undefined;
    this.#open = undefined;
    this.#isLingering = true;
    if (this.#attributes !== undefined) this.#attributes.open = undefined;
    this.#abortReason = reason;
    transaction.abort(reason);
    this.#cancelLimit = this.#plan.environment.after(this.#plan.stopTimeoutMs, () => {
      this.#isStuck = true;
      this.#onSettled();
    });
    return transaction.delivery;
  }

  /** Waits for nothing any more. */
  close(): void {
    this.#cancelLimit?.();
  }

  #follow(transaction: MessageTransaction, result: PromiseLike<unknown>): undefined {
    this.#open = transaction;
    const settle = (failure?: { readonly error: unknown }): void => {
      if (this.#open === transaction) {
        this.#open = undefined;
        this.#settled = this.#close(transaction, failure);
      } else this.#leaveLingering();
      this.#onSettled();
    };
    Promise.resolve(result)
      .then(() => this.#open === transaction && transaction.demandNothingLost())
      .then(
        () => settle(),
        (error: unknown) => settle({ error }),
      );
  }

  #leaveLingering(): void {
    this.#isLingering = false;
    this.#cancelLimit?.();
  }

  #close(transaction: MessageTransaction, failure?: { readonly error: unknown }): MessageTransaction {
    if (this.#attributes !== undefined) this.#attributes.open = undefined;
    transaction.close();
    if (failure !== undefined) {
      transaction.hasFailed = true;
      transaction.failure = failure.error;
    }
    return transaction;
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
