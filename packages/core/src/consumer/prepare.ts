import { keyText } from '../state/keyed-states.js';
import type { Delivery, Prepared } from '../transaction/delivery.js';
import type { ConsumerPlan } from './plan.js';

/** Decodes a message ahead of its turn and finds its key; what goes wrong is its handler's failure. */
export function prepare({ decode, keyOf }: ConsumerPlan, { stream, fields }: Delivery): Prepared {
  const state = undefined;
  try {
    const message = decode(stream, fields);
    return { message, isUsed: false, key: keyText(keyOf!(message)), failure: undefined, state };
  } catch (error) {
    return { message: undefined, isUsed: true, key: undefined, failure: { error }, state };
  }
}
