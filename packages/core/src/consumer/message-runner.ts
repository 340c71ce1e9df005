import type { AttributeSource } from '../transaction/persistable.js';
import { timestampOf } from '../domain/entry-id.js';
import type { TrackedState } from '../state/tracked-state.js';
import type { Delivery, Prepared } from '../transaction/delivery.js';
import { MessageTransaction } from '../transaction/message-transaction.js';
import { Publisher } from '../transaction/publisher.js';
import type { StreamDefinition } from '../transaction/stream-definition.js';
import type { ConsumerPlan } from './plan.js';

/**
 * Calls the handler. A synchronous handler costs no promise. A handler that was ended early keeps the runner busy until
 * it settles, and its outcome is ignored (PROTOCOL P14).
 */
export class MessageRunner {
  readonly #plan: ConsumerPlan;
  readonly #publisher: Publisher;
  readonly #attributes: AttributeSource | undefined;
  readonly #onSettled: () => void;
  /** Running, in the order in which they began. */
  readonly #open = new Set<MessageTransaction>();
  /** Settled and not taken yet, in the order in which they settled. */
  readonly #settled: MessageTransaction[] = [];
  /** Ended early and not settled. */
  #lingering = 0;
  #isStuck = false;
  #abortReason: unknown;
  #cancelLimit: (() => void) | undefined;

  constructor(
    plan: ConsumerPlan,
    attributes: AttributeSource | undefined,
    published: Map<string, StreamDefinition<never, unknown>>,
    onSettled: () => void,
  ) {
    this.#plan = plan;
    this.#publisher = new Publisher((stream) => plan.store.placementProblem(plan.address.home, stream), published);
    this.#attributes = attributes;
    this.#onSettled = onSettled;
  }

  /** How many handlers are running. */
  get running(): number {
    return this.#open.size;
  }

  /** Whether a handler is running, has settled unnoticed, or was ended early and has not settled. */
  get isBusy(): boolean {
    return this.#open.size > 0 || this.#settled.length > 0 || this.#lingering > 0;
  }

  /** Whether some handler that was ended early has not settled. */
  get isLingering(): boolean {
    return this.#lingering > 0;
  }

  /** Whether a handler that was ended early has not settled within the stop timeout. */
  get isStuck(): boolean {
    return this.#isStuck;
  }

  /** Why the last handlers that were ended early were ended. */
  get abortReason(): unknown {
    return this.#abortReason;
  }

  /** Handles a message. Its transaction `isRunning` unless the handler settled at once; `takeSettled` gives it later then. */
  run(delivery: Delivery, attempt: number): MessageTransaction {
    const transaction = new MessageTransaction(delivery, attempt, this.#publisher, this.#trackedFor(delivery));
    if (this.#attributes !== undefined) this.#attributes.open = transaction.root as Record<string, unknown>;
    try {
      const result = this.#call(delivery, transaction);
      if (isThenable(result)) return this.#follow(transaction, result);
      transaction.demandNothingLost();
      return this.#close(transaction);
    } catch (error) {
      return this.#close(transaction, { error });
    }
  }

  /** The transaction of an asynchronous handler that has settled since the last call. */
  takeSettled(): MessageTransaction | undefined {
    return this.#settled.shift();
  }

  /** Ends the running handlers early and forgets what has settled; what they wrote is still to be undone. */
  abort(reason: unknown): void {
    this.#settled.length = 0;
    if (this.#open.size === 0) return;
    this.#lingering += this.#open.size;
    if (this.#attributes !== undefined) this.#attributes.open = undefined;
    this.#abortReason = reason;
    for (const transaction of this.#open) transaction.abort(reason);
    this.#open.clear();
    this.#cancelLimit?.();
    this.#cancelLimit = this.#plan.environment.after(this.#plan.stopTimeoutMs, () => {
      this.#isStuck = true;
      this.#onSettled();
    });
  }

  /** Waits for nothing any more. */
  close(): void {
    this.#cancelLimit?.();
  }

  /** A gap of a consumer with keyed state has no key, and so no state. */
  #trackedFor({ prepared }: Delivery): TrackedState | undefined {
    return this.#plan.keyed === undefined ? this.#plan.state?.tracked : prepared?.state?.tracked;
  }

  #call(delivery: Delivery, transaction: MessageTransaction): unknown {
    if (delivery.gap !== undefined) return this.#plan.onGap(delivery.gap, transaction);
    const { prepared } = delivery;
    if (prepared === undefined)
      return this.#plan.handle(this.#plan.decode(delivery.stream, delivery.fields), transaction);
    if (prepared.failure !== undefined) throw prepared.failure.error;
    if (this.#plan.keyed?.ttlMs !== undefined && isExpired(prepared, delivery)) transaction.clearState();
    const message = prepared.isUsed ? this.#plan.decode(delivery.stream, delivery.fields) : prepared.message;
    prepared.isUsed = true;
    return this.#plan.handle(message, transaction);
  }

  #follow(transaction: MessageTransaction, result: PromiseLike<unknown>): MessageTransaction {
    transaction.isRunning = true;
    this.#open.add(transaction);
    const settle = (failure?: { readonly error: unknown }): void => {
      if (this.#open.delete(transaction)) this.#settled.push(this.#close(transaction, failure));
      else this.#leaveLingering();
      this.#onSettled();
    };
    Promise.resolve(result)
      .then(() => this.#open.has(transaction) && transaction.demandNothingLost())
      .then(
        () => settle(),
        (error: unknown) => settle({ error }),
      );
    return transaction;
  }

  #leaveLingering(): void {
    this.#lingering -= 1;
    if (this.#lingering === 0) this.#cancelLimit?.();
  }

  #close(transaction: MessageTransaction, failure?: { readonly error: unknown }): MessageTransaction {
    if (this.#attributes !== undefined) this.#attributes.open = undefined;
    transaction.close();
    transaction.isRunning = false;
    if (failure !== undefined) {
      transaction.hasFailed = true;
      transaction.failure = failure.error;
    } else if (this.#plan.keyed?.ttlMs !== undefined) transaction.renewExpiry(this.#plan.keyed.ttlMs);
    return transaction;
  }
}

/** Decided by the entry's time, so that it is the same whenever the entry is handled. */
function isExpired({ state }: Prepared, { id }: Delivery): boolean {
  return state?.expiresAt !== undefined && state.expiresAt <= timestampOf(id);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
