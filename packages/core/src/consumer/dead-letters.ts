import { HandlerError, isArsError } from '../domain/errors.js';
import type { Logger } from '../domain/logger.js';
import type { DeadLettered, Staged } from '../transaction/batch.js';
import { deadLetterFields } from '../transaction/dead-letter.js';
import type { Delivery } from '../transaction/delivery.js';
import { streamName } from '../transaction/stream-definition.js';
import { isHopeless } from './endings.js';
import type { EventHub } from './events.js';
import type { ConsumerPlan } from './plan.js';

/** A message on its way to the dead letters: what to publish, and what to tell of it. */
export interface StagedDeadLetter extends Staged {
  readonly deadLettered: DeadLettered;
}

/** The code of a message that ended its process each time. */
const POISON = 'ARS_POISON';

/** Gives a message up: its original fields, and why, go to the dead letters in place of its handler's work. */
export function giveUp(plan: ConsumerPlan, delivery: Delivery, error: unknown, attempts: number): StagedDeadLetter {
  const { stream, id } = delivery;
  const deadLetter = streamName(plan.deadLetter);
  const code = codeOf(error);
  const fields = deadLetterFields(delivery.fields, {
    reason: reasonOf(error),
    code,
    attempts,
    consumer: plan.address.consumerId,
    stream,
    id,
    time: plan.environment.wallClock(),
  });
  let bytes = 0;
  for (const value of fields) bytes += value.length;
  return {
    delivery,
    publishes: [{ stream: deadLetter, fields }],
    callbacks: undefined,
    bytes,
    deadLettered: { stream, id, deadLetter, attempts, code, error },
  };
}

/** The error of a message that was begun so often by processes that did not survive it. */
export function poisonError(plan: ConsumerPlan, { stream, id }: Delivery, casualties: number): HandlerError {
  const { consumerId: consumer } = plan.address;
  const details = { stream, consumer, entry: id, code: POISON };
  const text = `The process ended ${casualties} times while it handled entry ${id} of stream "${stream}", consumer "${consumer}".`;
  return new HandlerError(text, details);
}

/** Other errors of this library that a handler met, such as a producer's, are what the handler threw. */
function codeOf(error: unknown): string {
  if (isArsError(error, 'ARS_HANDLER')) return error.details['code'] === POISON ? POISON : error.code;
  return isHopeless(error) || isArsError(error, 'ARS_COMMIT') ? error.code : 'ARS_HANDLER';
}

/** What was thrown is a stranger's: an error that cannot be read must not stop what is behind it. */
function reasonOf(error: unknown): string {
  try {
    if (error instanceof Error) return `${error.name}: ${error.message}`;
  } catch {
    return 'The handler threw an error whose text cannot be read.';
  }
  return typeof error === 'string' ? error : `The handler threw a value of type ${typeof error}.`;
}

/** Says that a message was given up, once the commit that did so is acknowledged. */
export function tellDeadLetter(letter: DeadLettered, events: EventHub, logger: Logger): void {
  const { stream, id, deadLetter, attempts, error } = letter;
  events.emit('deadLetter', letter);
  logger.error(
    `Entry ${id} of "${stream}" was moved to the dead letters in "${deadLetter}" after ${attempts} attempt(s).`,
    error,
  );
}
