import { StateOwnershipError } from '@ars/core';
import type { Database } from '../store/database.js';
import type { ConsumerPlace } from './consumer-place.js';
import type { ConsumerRecord } from './consumer-record.js';

/**
 * Checks that the state under a consumer's state name is not another consumer's (P16).
 * @throws StateOwnershipError when it is: two consumers use one state name
 */
export function checkStateOwner(
  { states }: Database,
  { address: { consumerId }, record: name, state: key }: ConsumerPlace,
): void {
  if (key === null) return;
  const owner = states.get(key)?.owner ?? name;
  if (owner === name) return;
  const text = `State "${key}" of consumer "${consumerId}" belongs to "${owner}"`;
  throw new StateOwnershipError(text, { consumer: consumerId, state: key, owner });
}

/** Whether the state that the record's last writing commit left is missing, or an older or newer one is in its place. */
export function isStateGone({ states }: Database, place: ConsumerPlace, { stateCommit }: ConsumerRecord): boolean {
  if (place.state === null) return false;
  const state = states.get(place.state);
  return state?.owner === place.record || stateCommit !== undefined ? state?.commitId !== stateCommit : false;
}
