import { HandlerError, isArsError, StateLostError, StoppedError, withDetails } from '../domain/errors.js';
import type { ArsError, ArsErrorCode } from '../domain/errors.js';
import type { Commit } from '../store/commit.js';
import type { FailedAttempt } from '../store/stored-consumer.js';
import type { Batch } from '../transaction/batch.js';
import type { Delivery } from '../transaction/delivery.js';
import type { ConsumerPlan } from './plan.js';
import type { Doubt } from './recovery.js';

/** What the pipeline asks of the run around it. */
export interface PipelineListener {
  /** There may be something to do. */
  onReady(): void;
  /** The store must be asked before anything goes on. */
  onDoubt(kind: Doubt['kind'], error?: unknown): void;
  /** A commit of a batch was acknowledged. */
  onCommitted(commit: Commit, batch: Batch): void;
  /** A read brought entries, a problem, or the news that there is nothing. */
  onRead(): void;
  /** Whether messages must wait for something behind their commits to catch up. */
  isHeldUp(): boolean;
  /** A read found a gap or a regression, which counts only if this owner still holds the consumer. */
  onLoss(): void;
}

/** What ends the consumer: at once, or when all work before it is committed. */
export interface Ending {
  readonly error: unknown;
  readonly isAtOnce: boolean;
}

/** What those learn who wait for a consumer that was stopped. */
export function stoppedError(consumerId: string): StoppedError {
  return new StoppedError(`Consumer "${consumerId}" was stopped.`, { consumer: consumerId });
}

/** Failures of a message that no retry can mend (PROTOCOL P18). */
const HOPELESS: readonly ArsErrorCode[] = [
  'ARS_SERIALIZATION',
  'ARS_MESSAGE_VALIDATION',
  'ARS_TRANSACTION_CLOSED',
  'ARS_CONFIGURATION',
  'ARS_STATE_SCHEMA',
];

/** Whether a message that failed like this would fail again, however often it is handled. */
export function isHopeless(error: unknown): error is ArsError {
  return HOPELESS.some((code) => isArsError(error, code));
}

/**
 * The error that ends a consumer whose message failed for the last time. Other errors of this library that a handler
 * met, such as a producer's, say nothing about the consumer and are what the handler threw.
 */
export function finalError(plan: ConsumerPlan, delivery: Delivery, error: unknown, count: number): unknown {
  const { consumerId: consumer } = plan.address;
  const details = { stream: delivery.stream, consumer, entry: delivery.id };
  const where = `entry ${delivery.id} of stream "${delivery.stream}", consumer "${consumer}"`;
  if (delivery.gap !== undefined && isArsError(error, 'ARS_STREAM_GAP')) return error;
  if (isHopeless(error) || isArsError(error, 'ARS_COMMIT')) return withDetails(error, where, details);
  const times = count === 1 ? 'once' : `${count} times`;
  return new HandlerError(`The handler failed ${times} and is not retried any more: ${where}.`, details, error);
}

/** What is logged of a message that failed and will be retried. */
export function failureReport(plan: ConsumerPlan, { stream, id, count }: FailedAttempt, delayMs: number): string {
  const times = count === 1 ? 'once' : `${count} times`;
  return (
    `Entry ${id} of "${stream}" failed ${times} in consumer "${plan.address.consumerId}"; ` +
    `next try in ${Math.round(delayMs)} ms.`
  );
}

/** The error for state that vanished, or was overwritten, under a running consumer. */
export function stateLostError(plan: ConsumerPlan): StateLostError {
  const { consumerId: consumer, scope: stream } = plan.address;
  return new StateLostError(
    `The stored state of consumer "${consumer}" vanished, or was written by somebody else, while it was running.`,
    { stream, consumer },
  );
}

/** The error for a handler that was ended early and does not settle, so that no other message can be handled. */
export function stuckError(plan: ConsumerPlan, cause: unknown): HandlerError {
  const { consumerId: consumer, scope: stream } = plan.address;
  return new HandlerError(
    `A handler of consumer "${consumer}" was ended early and has not settled within ${plan.stopTimeoutMs} ms. ` +
      'Let handlers watch transaction.signal.',
    { stream, consumer },
    cause,
  );
}
