import type { ConsumerHome, StoredValue } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { stateOf } from '../owner.js';
import type { Trial } from '../trial.js';
import { KEYED } from './keyed-state.js';

const PAGES_MAX = 10_000;

/** Everything that a scan tells, by key; calls between the pages, with their number. */
async function scanned(
  home: ConsumerHome,
  count: number,
  between: (page: number) => Promise<void> = async () => {},
): Promise<{ readonly found: Map<string, Set<StoredValue>>; readonly sizes: readonly number[] }> {
  const found = new Map<string, Set<StoredValue>>();
  const sizes: number[] = [];
  for (let from: string | undefined; ;) {
    const { states, next } = await home.scan(from, count);
    for (const [key, value] of states) found.set(key, (found.get(key) ?? new Set()).add(value));
    sizes.push(states.length);
    if (next === undefined) return { found, sizes };
    check(typeof next === 'string' && sizes.length < PAGES_MAX, 'a scan goes on by a text, and comes to an end');
    from = next;
    await between(sizes.length);
  }
}

function keysOf(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${name} ${index}`);
}

async function tellsAll(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const bytes = Uint8Array.from([0xff, 0x01]);
  await owner.commit({ state: stateOf({ a: '1', '': 'of the empty key', owner: 'x', version: '9', b: '', bytes }) });
  for (const count of [1, 2, 100]) {
    const { found } = await scanned(await trial.home(KEYED), count);
    const told = [...found].map(([key, values]) => [key, [...values]] as const);
    const expected = [['', 'of the empty key'], ['a', '1'], ['b', ''], ['bytes', bytes], ['owner', 'x'], ['version', '9']]; // prettier-ignore
    const sorted = told.sort(([one], [other]) => (one < other ? -1 : 1)).map(([key, values]) => [key, values[0]]);
    checkEqual(sorted, expected, `what a scan tells, ${count} a page`);
  }
}

async function tellsInPages(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const keys = keysOf('key', 5_000);
  await owner.commit({ state: { ...stateOf({}), set: keys.map((key) => [key, `of ${key}`] as const) } });
  const { found, sizes } = await scanned(owner.home, 100);
  checkEqual(found.size, keys.length, 'how many keys a scan of 5,000 tells');
  for (const key of keys) check(found.get(key)?.has(`of ${key}`), `a scan tells the state of "${key}"`);
  const largest = Math.max(...sizes);
  check(largest <= 1_000, `a page that shall hold about 100 keys holds ${largest}`);
}

async function missesNothing(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const [staying, leaving] = [keysOf('stays', 600), keysOf('leaves', 600)];
  const mixed = staying.flatMap((key, index) => [leaving[index]!, key]);
  await owner.commit({ state: { ...stateOf({}), set: mixed.map((key) => [key, '0'] as const) } });
  const coming: string[] = [];
  const { found } = await scanned(await trial.home(KEYED), 50, async (page) => {
    const deleted = leaving.splice(0, 60);
    const added = keysOf(`comes ${page}`, 40);
    coming.push(...added);
    const set = [...added, ...staying.slice(page, page + 20)].map((key) => [key, String(page)] as const);
    await owner.commit({ state: { header: undefined, set: page > 20 ? [] : set, deleted } });
  });
  const missed = staying.filter((key) => !found.has(key));
  checkEqual(missed, [], 'keys that were there all the time, and that a scan did not tell');
  const known = new Set([...mixed, ...coming]);
  const invented = [...found.keys()].filter((key) => !known.has(key));
  checkEqual(invented, [], 'keys that a scan tells, and that never were');
}

async function tellsNoDeleted(trial: Trial): Promise<void> {
  const owner = await trial.own(KEYED);
  const keys = keysOf('key', 50);
  await owner.commit({ state: { ...stateOf({}), set: keys.map((key) => [key, '1'] as const) } });
  await owner.commit({ state: { header: undefined, set: [['key 7', '2']], deleted: keys.slice(10) } }); // prettier-ignore
  const { found } = await scanned(owner.home, 3);
  checkEqual([...found.keys()].sort(), keys.slice(0, 10), 'keys that are left');
  checkEqual([...found.get('key 7')!], ['2'], 'the state that was overwritten');
}

/** What `scan` tells of all keys. */
export const SCANNING: BehaviourGroup = {
  group: 'scanning',
  behaviours: [
    { name: 'a scan tells every key with its state, and nothing else', check: tellsAll },
    { name: 'a scan of 5,000 keys comes in pages', check: tellsInPages },
    { name: 'a scan tells every key that stays, whatever is committed meanwhile', check: missesNothing },
    {
      name: 'a scan tells no key that was deleted, and no state that was overwritten before it',
      check: tellsNoDeleted,
    },
  ],
};
