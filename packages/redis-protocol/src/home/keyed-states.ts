import type { LoadAnswer, StatePage, StoredValue, Token } from '@ars/core';
import type { Calls } from '../link/calls.js';
import { Packer } from '../packing/pack.js';
import { storedValue } from '../packing/stored-text.js';
import { Unpacker } from '../packing/unpack.js';
import { LOAD } from '../scripts/load.js';
import type { HomeKeys } from './keys.js';

const PREFIX = 'a:';

/** Reads the states of some keys, in the order asked; see `LOAD`. */
export async function loadStates(
  calls: Calls,
  keys: HomeKeys,
  token: Token,
  wanted: readonly string[],
): Promise<LoadAnswer> {
  const packer = new Packer(wanted.length * 16).array(wanted.length);
  for (const key of wanted) packer.value(PREFIX + key);
  const args = [token.owner, String(token.renewal), packer.finish()];
  const reply = await calls.run('load states', LOAD, [keys.record, keyedState(keys)], args);
  const [outcome, ...chunks] = reply as [Buffer, ...Buffer[]];
  if (String(outcome) === 'loaded') return { outcome: 'loaded', values: chunks.flatMap(decodeValues) };
  if (String(outcome) === 'gone') return { outcome: 'gone', what: String(chunks[0]) as 'record' | 'state' };
  return { outcome: 'fenced' };
}

function decodeValues(chunk: Buffer): (StoredValue | undefined)[] {
  const unpacker = new Unpacker(chunk);
  const values: (StoredValue | undefined)[] = [];
  for (let left = unpacker.array(); left > 0; left -= 1) values.push(unpacker.valueOrNone());
  return values;
}

/**
 * One page of all states. HSCAN walks a hash of any size in steps, and answers each field that is there all the time
 * at least once; a hash that is small it answers whole. See https://redis.io/docs/latest/commands/scan/.
 */
export async function scanStates(
  calls: Calls,
  keys: HomeKeys,
  from: string | undefined,
  count: number,
): Promise<StatePage> {
  const command = ['HSCAN', keyedState(keys), from ?? '0', 'MATCH', `${PREFIX}*`, 'COUNT', String(Math.max(1, count))];
  const reply = await calls.send('read the states', command);
  const [cursor, flat] = reply as [Buffer, Buffer[]];
  const states: [string, StoredValue][] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const value = flat[i + 1]!;
    states.push([flat[i]!.toString('utf8', PREFIX.length), storedValue(value, 0, value.length)]);
  }
  return { states, next: String(cursor) === '0' ? undefined : String(cursor) };
}

function keyedState({ state, isKeyed }: HomeKeys): string {
  if (state !== undefined && isKeyed) return state;
  throw new TypeError('only the state of a consumer with keyed state is read by key');
}
