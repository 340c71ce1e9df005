import type { ConsumerHome, StoredValue } from '@ars/core';
import { expect, test } from 'vitest';
import { createMemoryStore } from '../src/index.js';
import { address, change, own } from './owner.js';

const KEYED = { isKeyed: true };

async function keysIn(home: ConsumerHome, count: number): Promise<string[]> {
  const keys: string[] = [];
  let from: string | undefined;
  do {
    const { states, next } = await home.scan(from, count);
    expect(states.length).toBeLessThanOrEqual(count);
    keys.push(...states.map(([key]) => key));
    from = next;
  } while (from !== undefined);
  return keys;
}

test('keyed state and plain state of one name are apart', async () => {
  const store = createMemoryStore();
  const plain = await own(store, { stateName: 'shared' });
  const keyed = await own(store, { ...KEYED, consumerId: 'other', stateName: 'shared' });
  await plain.commit({ state: change({ a: 'plain' }) });
  await keyed.commit({ state: change({ a: 'keyed' }) });
  expect((await plain.home.inspect()).state).toMatchObject({ isOwn: true, attributes: new Map([['a', 'plain']]) });
  expect(await keyed.home.load(keyed.token, ['a'])).toEqual({ outcome: 'loaded', values: ['keyed'] });
});

test('only keyed state can be loaded or scanned by key', async () => {
  const store = createMemoryStore();
  for (const changes of [{}, { ...KEYED, stateName: null }]) {
    const owner = await own(store, changes);
    await expect(owner.home.load(owner.token, ['a'])).rejects.toThrow(TypeError);
    await expect(owner.home.scan(undefined, 1)).rejects.toThrow(TypeError);
  }
});

test('nobody can write to a stored state through what was given or answered', async () => {
  const owner = await own(createMemoryStore(), KEYED);
  const given = Uint8Array.from([0xff, 1]);
  await owner.commit({ state: change({ a: given }) });
  given[1] = 9;
  const answers = async (): Promise<StoredValue[]> => {
    const load = await owner.home.load(owner.token, ['a']);
    const { states } = await owner.home.scan(undefined, 1);
    return [load.outcome === 'loaded' ? load.values[0]! : 'not loaded', states[0]![1]];
  };
  for (const value of await answers()) (value as Uint8Array)[1] = 7;
  expect(await answers()).toEqual([Uint8Array.from([0xff, 1]), Uint8Array.from([0xff, 1])]);
});

test('a scan passes each key that stays exactly once, also when most are deleted between its pages', async () => {
  const owner = await own(createMemoryStore(), KEYED);
  const keys = Array.from({ length: 6_000 }, (_, index) => `key ${index}`);
  await owner.commit({ state: { ...change({}), set: keys.map((key) => [key, '1'] as const) } });
  const staying = keys.filter((_, index) => index % 10 === 0);
  const first = await owner.home.scan(undefined, 100);
  await owner.commit({ state: { ...change({}), deleted: keys.filter((_, index) => index % 10 !== 0) } });
  await owner.commit({ state: change({ 'key 1': 'came again', late: '1' }) });
  const told = first.states.map(([key]) => key);
  for (let from = first.next; from !== undefined;) {
    const page = await owner.home.scan(from, 100);
    told.push(...page.states.map(([key]) => key));
    from = page.next;
  }
  expect(told.filter((key) => staying.includes(key))).toEqual(staying);
  expect(told.slice(100)).toEqual([...staying.filter((key) => !told.slice(0, 100).includes(key)), 'key 1', 'late']);
  expect(await keysIn(owner.home, 7)).toEqual([...staying, 'key 1', 'late']);
});

test('a restored snapshot brings keyed state back, and takes no part in what is written later', async () => {
  const store = createMemoryStore();
  const owner = await own(store, KEYED);
  await owner.commit({ state: change({ a: '1', b: '1' }) });
  const copy = store.snapshot();
  await owner.commit({ state: change({ a: '2', c: '2' }, ['b']) });
  for (let turn = 0; turn < 2; turn += 1) {
    store.restoreSnapshot(copy);
    const home = await store.openHome(address(KEYED));
    expect(await home.load(owner.token, ['a', 'b', 'c'])).toEqual({ outcome: 'loaded', values: ['1', '1', undefined] });
    expect(await keysIn(home, 1)).toEqual(['a', 'b']);
    const { record } = await home.inspect();
    const commit = owner.content({ base: record!.commitId, state: change({ d: '3' }, ['a']) });
    expect(await home.commit(owner.token, commit)).toEqual({ outcome: 'committed' });
  }
});

test("evicting a consumer's state takes its keys", async () => {
  const store = createMemoryStore();
  const owner = await own(store, KEYED);
  await owner.commit({ state: change({ a: '1' }) });
  expect(store.evict('state', 'worker')).toBe(1);
  expect(await owner.home.load(owner.token, ['a'])).toEqual({ outcome: 'gone', what: 'state' });
  expect(await owner.home.scan(undefined, 10)).toEqual({ states: [], next: undefined });
});
