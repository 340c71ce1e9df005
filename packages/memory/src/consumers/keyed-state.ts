import type { LoadAnswer, StatePage, StoredValue, Token } from '@ars/core';
import type { Database } from '../store/database.js';
import type { ConsumerPlace } from './consumer-place.js';
import { isHeldBy } from './consumer-record.js';
import { KeyedValues } from './keyed-values.js';
import { checkStateOwner, isStateGone } from './state-checks.js';

/**
 * Answers the values of some keys to the owner of the state, under the same checks as a commit (PROTOCOL P27).
 * @throws StateOwnershipError when the state is another consumer's
 */
export function load(database: Database, place: ConsumerPlace, token: Token, keys: readonly string[]): LoadAnswer {
  const name = keyedName(place);
  const record = database.records.get(place.record);
  if (record === undefined) return { outcome: 'gone', what: 'record' };
  if (!isHeldBy(record, token)) return { outcome: 'fenced' };
  checkStateOwner(database, place);
  if (isStateGone(database, place, record)) return { outcome: 'gone', what: 'state' };
  const values = valuesOf(database, name);
  return { outcome: 'loaded', values: keys.map((key): StoredValue | undefined => values?.get(key)) };
}

/** Answers a page of all keys' values, to whoever asks. */
export function scan(database: Database, place: ConsumerPlace, from: string | undefined, count: number): StatePage {
  const values = valuesOf(database, keyedName(place));
  return values?.page(from, count) ?? { states: [], next: undefined };
}

function keyedName({ address, state }: ConsumerPlace): string {
  if (address.isKeyed && state !== null) return state;
  throw new TypeError('Only keyed state can be loaded or scanned by key');
}

function valuesOf({ states }: Database, name: string): KeyedValues | undefined {
  const attributes = states.get(name)?.attributes;
  return attributes instanceof KeyedValues ? attributes : undefined;
}
