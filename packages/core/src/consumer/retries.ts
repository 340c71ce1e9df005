import { compareIds } from '../domain/entry-id.js';
import { isArsError } from '../domain/errors.js';
import type { FailedAttempt, StreamCursor } from '../store/stored-consumer.js';
import type { Delivery } from '../transaction/delivery.js';
import { backoffMs } from './backoff.js';
import { failureReport, finalError, isHopeless } from './endings.js';
import type { Ending } from './endings.js';
import type { EventHub } from './events.js';
import type { FailureVerdict } from './options.js';
import type { ConsumerPlan } from './plan.js';

/** A message's first failure is logged as a warning unless somebody listens to `retry`, each from this one on as an error. */
const LOUD_FROM = 5;

/** A message that has failed and is not committed. */
interface Failing {
  attempt: FailedAttempt;
  /** Set while it waits for its next try. */
  cancelTimer: (() => void) | undefined;
  /** Whether the record does not know of the latest failure yet. */
  isUnrecorded: boolean;
}

/** What becomes of a message that failed. */
export type FailureOutcome =
  | { readonly verdict: 'retry' }
  | { readonly verdict: 'dead-letter'; readonly attempts: number }
  | { readonly verdict: 'stop'; readonly ending: Ending };

/** Counts the failures of messages, judges them, and times the next tries. */
export class Retries {
  readonly #plan: ConsumerPlan;
  readonly #events: EventHub;
  readonly #onDue: () => void;
  /** By stream and ID, in the order of their first failures; hardly ever more than one without concurrency. */
  readonly #failing = new Map<string, Failing>();

  constructor(plan: ConsumerPlan, events: EventHub, onDue: () => void) {
    this.#plan = plan;
    this.#events = events;
    this.#onDue = onDue;
  }

  /** Whether a message waits for the time of its next try. */
  isWaiting(delivery: Delivery): boolean {
    return this.#of(delivery)?.cancelTimer !== undefined;
  }

  /** Whether any message waits for the time of its next try. */
  get isAnyWaiting(): boolean {
    if (this.#failing.size === 0) return false;
    for (const { cancelTimer } of this.#failing.values()) if (cancelTimer !== undefined) return true;
    return false;
  }

  /**
   * The failure to keep on record when these messages commit: of the first message that is failing and not among them,
   * from its second failure on, so that most never cost a write.
   */
  recordWith(committing: readonly Delivery[]): FailedAttempt | undefined {
    if (this.#failing.size === 0) return undefined;
    return this.#toRecord(committing)?.attempt;
  }

  /** Whether the record does not know of the latest failure yet. */
  get isUnrecorded(): boolean {
    return this.#failing.size > 0 && this.#toRecord([])?.isUnrecorded === true;
  }

  /** A commit that carried this record was applied; the message may have failed again since it was sent. */
  recorded(attempt: FailedAttempt | undefined): void {
    if (attempt === undefined) return;
    for (const failing of this.#failing.values()) if (failing.attempt === attempt) failing.isUnrecorded = false;
  }

  /** The record cannot be written now; the next failure tries again. */
  forgo(): void {
    for (const failing of this.#failing.values()) failing.isUnrecorded = false;
  }

  /** 1 for a message that has not failed; counts across restarts. */
  attemptOf(delivery: Delivery): number {
    return this.#failing.size === 0 ? 1 : (this.#of(delivery)?.attempt.count ?? 0) + 1;
  }

  /**
   * Counts a failure and says what becomes of the message; the wait for its next try begins then. While the consumer is
   * stopping, the message is left for the next start.
   */
  fail(delivery: Delivery, error: unknown, isStopping: boolean): FailureOutcome {
    const { stream, id } = delivery;
    const count = this.attemptOf(delivery);
    // One after another, whatever waits comes after this one; its time will have come by then.
    if (this.#plan.concurrency === 1) this.cancel();
    this.#of(delivery)?.cancelTimer?.();
    const failing: Failing = { attempt: { stream, id, count }, cancelTimer: undefined, isUnrecorded: true };
    this.#failing.set(nameOf(delivery), failing);
    if (isStopping) return { verdict: 'retry' };
    const verdict = this.#judge(delivery, error, count);
    if (verdict === 'dead-letter') return { verdict, attempts: count };
    if (verdict === 'stop') {
      return { verdict, ending: { error: finalError(this.#plan, delivery, error, count), isAtOnce: false } };
    }
    this.#schedule(failing, delivery, error);
    return { verdict };
  }

  /** Messages were committed: those among them that were failing are failing no longer. */
  succeeded(committed: readonly Delivery[]): void {
    if (this.#failing.size === 0) return;
    for (const [name, { attempt }] of this.#failing) {
      if (committed.some((delivery) => nameOf(delivery) === name || isBehind(attempt, delivery)))
        this.#failing.delete(name);
    }
  }

  /** Continues from what a checkpoint knows. */
  restart(attempt: FailedAttempt | undefined, cursors: readonly StreamCursor[] = []): void {
    this.cancel();
    this.#failing.clear();
    const cursor = cursors.find(({ stream }) => stream === attempt?.stream);
    const isOver = attempt !== undefined && cursor !== undefined && compareIds(attempt.id, cursor.position) <= 0;
    if (attempt !== undefined && !isOver)
      this.#failing.set(nameOf({ ...attempt, gap: undefined }), {
        attempt,
        cancelTimer: undefined,
        isUnrecorded: false,
      });
  }

  /** Ends all waits without a try. */
  cancel(): void {
    for (const failing of this.#failing.values()) {
      failing.cancelTimer?.();
      failing.cancelTimer = undefined;
    }
  }

  /** The policy for failures; what no retry can mend is not asked about (PROTOCOL P18). */
  #judge(delivery: Delivery, error: unknown, count: number): FailureVerdict {
    const { retry, deadLetter, logger } = this.#plan;
    const last = deadLetter === undefined || delivery.gap !== undefined ? 'stop' : 'dead-letter';
    if (isHopeless(error) || isRefusedGap(delivery, error)) return last;
    let verdict: unknown;
    try {
      verdict = retry.when(error, count);
    } catch (failure) {
      logger.error('retry.when failed; the message that it was asked about counts as failed for good.', failure);
      return last;
    }
    if (verdict === 'stop') return 'stop';
    if (verdict === 'dead-letter') return last;
    // An asynchronous one that rejects would end the process, with each try.
    if (verdict instanceof Promise) verdict.catch(() => {});
    if (verdict !== 'retry')
      logger.error("retry.when must answer 'retry', 'dead-letter' or 'stop'; taken for 'retry'.");
    return count >= retry.attempts ? last : 'retry';
  }

  #schedule(failing: Failing, { stream, id }: Delivery, error: unknown): void {
    const { count } = failing.attempt;
    const { minDelayMs, maxDelayMs } = this.#plan.retry;
    const delayMs = backoffMs(count, minDelayMs, maxDelayMs, this.#plan.environment);
    failing.cancelTimer = this.#plan.environment.after(delayMs, () => {
      failing.cancelTimer = undefined;
      this.#onDue();
    });
    this.#events.emit('retry', { stream, id, attempt: count, delayMs, error });
    const isFirstNews = count === 1 && !this.#events.has('retry');
    const level = count >= LOUD_FROM ? 'error' : isFirstNews ? 'warn' : 'debug';
    this.#plan.logger[level](failureReport(this.#plan, failing.attempt, delayMs), error);
  }

  #toRecord(committing: readonly Delivery[]): Failing | undefined {
    for (const failing of this.#failing.values()) {
      const { stream, id, count } = failing.attempt;
      if (count < 2) continue;
      if (!committing.some((delivery) => delivery.id === id && delivery.stream === stream)) return failing;
    }
    return undefined;
  }

  #of(delivery: Delivery): Failing | undefined {
    return this.#failing.size === 0 ? undefined : this.#failing.get(nameOf(delivery));
  }
}

/** A gap has the ID of the message before it, and its own failures. */
function nameOf({ stream, id, gap }: Pick<Delivery, 'stream' | 'id' | 'gap'>): string {
  return gap === undefined ? `${id} ${stream}` : `gap ${id} ${stream}`;
}

/**
 * Whether a failing message lies behind what was committed: it has vanished, and would be on record for ever. A checkpoint
 * names a gap like the message before it.
 */
function isBehind({ stream, id }: FailedAttempt, delivery: Delivery): boolean {
  if (stream !== delivery.stream) return false;
  const order = compareIds(id, delivery.id);
  return order < 0 || (order === 0 && delivery.gap !== undefined);
}

/** A gap that may not be skipped is no failure of the code that decided so. */
function isRefusedGap({ gap }: Delivery, error: unknown): boolean {
  return gap !== undefined && isArsError(error, 'ARS_STREAM_GAP');
}
