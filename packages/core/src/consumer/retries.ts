import type { FailedAttempt } from '../store/stored-consumer.js';
import type { Delivery } from '../transaction/delivery.js';
import { backoffMs } from './backoff.js';
import { failureReport, finalError, isHopeless } from './endings.js';
import type { Ending } from './endings.js';
import type { EventHub } from './events.js';
import type { ConsumerPlan } from './plan.js';

/** A message's first failure is logged as a warning unless somebody listens to `retry`, each from this one on as an error. */
const LOUD_FROM = 5;

/** Counts the failures of the one message that is failing, and times its next try. */
export class Retries {
  readonly #plan: ConsumerPlan;
  readonly #events: EventHub;
  readonly #onDue: () => void;
  #failing: FailedAttempt | undefined;
  #cancelTimer: (() => void) | undefined;
  #isUnrecorded = false;

  constructor(plan: ConsumerPlan, events: EventHub, onDue: () => void) {
    this.#plan = plan;
    this.#events = events;
    this.#onDue = onDue;
  }

  /** Whether the failing message waits for its time. */
  get isWaiting(): boolean {
    return this.#cancelTimer !== undefined;
  }

  /**
   * The failure to keep on record when these messages commit: from the second on, so that most never cost a write, and
   * none when the failing message is among them.
   */
  recordWith(committing: readonly Delivery[]): FailedAttempt | undefined {
    const failing = this.#failing;
    return failing !== undefined && failing.count >= 2 && !this.#isAmong(committing) ? failing : undefined;
  }

  /** Whether the record does not know of the latest failure yet. */
  get isUnrecorded(): boolean {
    return this.#isUnrecorded && this.recordWith([]) !== undefined;
  }

  /** A commit that carried this record was applied; the message may have failed again since it was sent. */
  recorded(attempt: FailedAttempt | undefined): void {
    if (attempt !== undefined && attempt.count === this.#failing?.count) this.#isUnrecorded = false;
  }

  /** The record cannot be written now; the next failure tries again. */
  forgo(): void {
    this.#isUnrecorded = false;
  }

  /** 1 for a message that has not failed; counts across restarts. */
  attemptOf(delivery: Delivery): number {
    return this.#isFailing(delivery) ? this.#failing!.count + 1 : 1;
  }

  /**
   * Counts a failure and starts the wait for the next try, or returns what ends the consumer if there is none. While the
   * consumer is stopping, the message is left for the next start.
   */
  fail(delivery: Delivery, error: unknown, isStopping: boolean): Ending | undefined {
    const { stream, id } = delivery;
    const count = this.attemptOf(delivery);
    this.#failing = { stream, id, count };
    this.#isUnrecorded = true;
    if (isStopping) return undefined;
    if (count >= this.#plan.retry.attempts || isHopeless(error)) {
      return { error: finalError(this.#plan, delivery, error, count), isAtOnce: false };
    }
    const delayMs = this.#schedule(count);
    this.#events.emit('retry', { stream, id, attempt: count, delayMs, error });
    const isFirstNews = count === 1 && !this.#events.has('retry');
    const level = count >= LOUD_FROM ? 'error' : isFirstNews ? 'warn' : 'debug';
    this.#plan.logger[level](failureReport(this.#plan, delivery, count, delayMs), error);
    return undefined;
  }

  /** Messages were committed: if the failing one was among them, it is failing no longer. */
  succeeded(committed: readonly Delivery[]): void {
    if (this.#isAmong(committed)) this.#failing = undefined;
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

  #schedule(count: number): number {
    this.cancel();
    const { minDelayMs, maxDelayMs } = this.#plan.retry;
    const delayMs = backoffMs(count, minDelayMs, maxDelayMs, this.#plan.environment);
    this.#cancelTimer = this.#plan.environment.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#onDue();
    });
    return delayMs;
  }

  #isAmong(deliveries: readonly Delivery[]): boolean {
    return this.#failing !== undefined && deliveries.some((delivery) => this.#isFailing(delivery));
  }

  #isFailing(delivery: Delivery): boolean {
    const failing = this.#failing;
    return failing !== undefined && failing.id === delivery.id && failing.stream === delivery.stream;
  }
}
