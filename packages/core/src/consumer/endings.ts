import { HandlerError, isArsError, StateLostError, withDetails } from '../domain/errors.js';
import type { Delivery } from '../transaction/delivery.js';
import type { ConsumerPlan } from './plan.js';

/** The error that ends a consumer whose message failed for the last time. */
export function finalError(plan: ConsumerPlan, delivery: Delivery, error: unknown, count: number): unknown {
  const { consumerId: consumer } = plan.address;
  const details = { stream: delivery.stream, consumer, entry: delivery.id };
  const where = `entry ${delivery.id} of stream "${delivery.stream}", consumer "${consumer}"`;
  if (isArsError(error)) return withDetails(error, where, details);
  const times = count === 1 ? 'once' : `${count} times`;
  return new HandlerError(`The handler failed ${times} and is not retried any more: ${where}.`, details, error);
}

/** What is logged of a message that failed and will be retried. */
export function failureReport(plan: ConsumerPlan, delivery: Delivery, count: number, delayMs: number): string {
  const times = count === 1 ? 'once' : `${count} times`;
  return (
    `Entry ${delivery.id} of "${delivery.stream}" failed ${times} in consumer "${plan.address.consumerId}"; ` +
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
export function stuckError(plan: ConsumerPlan): HandlerError {
  const { consumerId: consumer, scope: stream } = plan.address;
  return new HandlerError(
    `A handler of consumer "${consumer}" was ended early and has not settled within ${plan.stopTimeoutMs} ms. ` +
      'Let handlers watch transaction.signal.',
    { stream, consumer },
  );
}
