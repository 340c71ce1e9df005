import { MessageValidationError } from '../domain/errors.js';
import { keyText } from '../state/keyed-states.js';
import type { Delivery, Prepared } from '../transaction/delivery.js';
import type { ConsumerPlan } from './plan.js';

/** Decodes a message ahead of its turn and finds its key; what goes wrong is its handler's failure. */
export function prepare({ decode, keyOf }: ConsumerPlan, { stream, fields }: Delivery): Prepared {
  const state = undefined;
  try {
    const message = decode(stream, fields);
    return { message, isUsed: false, key: keyText(keyFrom(keyOf!, message)), failure: undefined, state };
  } catch (error) {
    return { message: undefined, isUsed: true, key: undefined, failure: { error }, state };
  }
}

/** A message without a key would have none when asked again: the key must follow from the message alone. */
function keyFrom(keyOf: (message: unknown) => unknown, message: unknown): unknown {
  try {
    return keyOf(message);
  } catch (error) {
    throw new MessageValidationError('The function key failed on the message.', {}, error);
  }
}
