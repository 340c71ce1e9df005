import type { ArsErrorCode } from '../domain/errors.js';
import { isArsError } from '../domain/errors.js';
import type { FailedAttempt } from '../store/stream-store.js';
import type { Delivery } from '../transaction/delivery.js';
import { backoffMs } from './backoff.js';
import type { ConsumerPlan } from './plan.js';

/** Failures that no retry can mend (PROTOCOL P18). */
const FINAL: readonly ArsErrorCode[] = [
  'ARS_SERIALIZATION',
  'ARS_MESSAGE_VALIDATION',
  'ARS_TRANSACTION_CLOSED',
  'ARS_CONFIGURATION',
  'ARS_STATE_SCHEMA',
];

/** Counts the failures of the one message that is failing, and times its next try. */
export class Retries {
  readonly #plan: ConsumerPlan;
  readonly #onDue: () => void;
  #failing: FailedAttempt | undefined;
  #cancelTimer: (() => void) | undefined;
  #isUnrecorded = false;

  constructor(plan: ConsumerPlan, onDue: () => void) {
    this.#plan = plan;
    this.#onDue = onDue;
  }

  /** Whether the failing message waits for its time. */
  get isWaiting(): boolean {
    return this.#cancelTimer !== undefined;
  }

  /** The failure to keep on record: from the second on, so that most never cost a write. */
  get record(): FailedAttempt | undefined {
    return this.#failing !== undefined && this.#failing.count >= 2 ? this.#failing : undefined;
  }

  /** Whether the record does not know of the latest failure yet. */
  get isUnrecorded(): boolean {
    return this.#isUnrecorded && this.record !== undefined;
  }

  /** The commit that carries the record is on its way. */
  recorded(): void {
    this.#isUnrecorded = false;
  }

  /** 1 for a message that has not failed; counts across restarts. */
  attemptOf(delivery: Delivery): number {
    return this.#isFailing(delivery) ? this.#failing!.count + 1 : 1;
  }

  /** Counts a failure; returns how often the message has failed now. */
  count(delivery: Delivery): number {
    const count = this.attemptOf(delivery);
    this.#failing = { stream: delivery.stream, id: delivery.id, count };
    this.#isUnrecorded = true;
    return count;
  }

  /** Whether a failure, the message's n-th, is its last. */
  isFinal(error: unknown, count: number): boolean {
    return count >= this.#plan.retry.attempts || FINAL.some((code) => isArsError(error, code));
  }

  /** Starts the wait for the next try; returns its milliseconds. */
  schedule(count: number): number {
    const { minDelayMs, maxDelayMs } = this.#plan.retry;
    const delayMs = backoffMs(count, minDelayMs, maxDelayMs, this.#plan.environment);
    this.#cancelTimer = this.#plan.environment.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#onDue();
    });
    return delayMs;
  }

  /** A message was handled: if it was the failing one, it is no longer. */
  succeeded(delivery: Delivery): void {
    if (this.#isFailing(delivery)) this.#failing = undefined;
  }

  /** Continues from what a checkpoint knows. */
  restart(attempt: FailedAttempt | undefined): void {
    this.cancel();
    this.#failing = attempt;
    this.#isUnrecorded = false;
  }

  /** Ends the wait without a try. */
  cancel(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
  }

  #isFailing(delivery: Delivery): boolean {
    const failing = this.#failing;
    return failing !== undefined && failing.id === delivery.id && failing.stream === delivery.stream;
  }
}
