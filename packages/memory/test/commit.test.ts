import { expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../src/index.js';
import { address, change, cursor, own, token } from './owner.js';

const publish = (stream: string, n: string) => ({ stream, fields: ['n', n] });
const messages = (store: MemoryStore, stream: string) => store.entries(stream).map(({ message }) => message['n']);

test('a commit writes cursors, state, publishes and the attempt together', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  store.add('orders', { n: 1 }, '1-0');
  const attempt = { stream: 'orders', id: '2-0', count: 3 };
  const content = {
    cursors: [cursor('orders', '1-0', 1)],
    state: change({ a: '1', b: '2' }),
    publishes: [publish('x', '1'), publish('y', '2'), publish('x', '3')],
    attempt,
  };
  expect(await owner.commit(content)).toEqual({ outcome: 'committed' });
  const { record, state } = await owner.home.inspect();
  expect(record).toMatchObject({ commitId: owner.base, cursors: content.cursors, attempt, stateCommit: owner.base });
  expect(state).toMatchObject({ commitId: owner.base, attributes: new Map(Object.entries({ a: '1', b: '2' })) });
  expect([messages(store, 'x'), messages(store, 'y')]).toEqual([['1', '3'], ['2']]);
});

test('a later commit changes only what it names, and removes the attempt', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  await owner.commit({ state: change({ a: '1', b: '2' }), attempt: { stream: 'orders', id: '2-0', count: 2 } });
  const written = owner.base;
  await owner.commit({ cursors: [cursor('more', '0-0', 0)] });
  expect((await owner.home.inspect()).record).toMatchObject({
    attempt: undefined,
    stateCommit: written,
    cursors: [cursor(), cursor('more')],
  });
  await owner.commit({ state: { header: undefined, set: [['c', '3']], deleted: ['a'] } });
  expect((await owner.home.inspect()).state).toMatchObject({
    declared: ['a', 'b'],
    version: 1,
    commitId: owner.base,
    attributes: new Map(Object.entries({ b: '2', c: '3' })),
  });
});

test('the same commit sent again is already applied, and nothing happens twice', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  const commit = owner.content({ publishes: [publish('out', '1')] });
  const answers = await Promise.all([1, 2, 3].map(() => owner.home.commit(owner.token, commit)));
  expect(answers.map(({ outcome }) => outcome)).toEqual(['committed', 'already', 'already']);
  expect(messages(store, 'out')).toEqual(['1']);
});

test('a commit of a fenced owner never takes effect, not even one sent before and resent later', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  const commit = first.content({ publishes: [publish('out', '1')] });
  await first.home.commit(first.token, commit);
  await own(store);
  expect(await first.home.commit(first.token, commit)).toEqual({ outcome: 'fenced' });
  expect(await first.commit({ publishes: [publish('out', '2')] })).toEqual({ outcome: 'fenced' });
  expect(messages(store, 'out')).toEqual(['1']);
});

test('a commit on another base than the stored commitId is stale', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  await owner.commit();
  const content = { base: token(), publishes: [publish('out', '1')] };
  expect(await owner.commit(content)).toEqual({ outcome: 'stale' });
  expect(messages(store, 'out')).toEqual([]);
});

test.each([
  ['beyond the last ID', cursor('orders', '1-1', 1), 'stale'],
  ['with more read than was added', cursor('orders', '1-0', 2), 'stale'],
  ['in a missing stream', cursor('missing', '1-0', 1), 'stale'],
  ['at the last ID', cursor('orders', '1-0', 1), 'committed'],
  ['before anything', cursor('missing', '0-0', 0), 'committed'],
])('a position %s is judged where the stream is read here', async (_, moved, outcome) => {
  const store = createMemoryStore();
  store.add('orders', { n: 1 }, '1-0');
  const owner = await own(store);
  expect(await owner.commit({ cursors: [moved] })).toEqual({ outcome });
  const foreign = await own(store, { consumerId: 'relay', readsHere: false });
  expect(await foreign.commit({ cursors: [moved] })).toEqual({ outcome: 'committed' });
});

test('a commit whose record is missing is gone', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  store.evict('record', 'worker');
  expect(await owner.commit({ publishes: [publish('out', '1')] })).toEqual({ outcome: 'gone', what: 'record' });
  expect(messages(store, 'out')).toEqual([]);
  expect(await owner.home.inspect()).toMatchObject({ record: undefined, isRegistered: true });
});

test('a commit whose state is missing is gone, whether or not it changes state', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  await owner.commit({ state: change({ a: '1' }) });
  expect(store.evict('state', 'worker')).toBe(1);
  expect(await owner.commit({ state: change({ a: '2' }) })).toEqual({ outcome: 'gone', what: 'state' });
  expect(await owner.commit({ publishes: [publish('out', '1')] })).toEqual({ outcome: 'gone', what: 'state' });
  expect(messages(store, 'out')).toEqual([]);
  expect((await owner.home.inspect()).state).toBeUndefined();
});

test('state under the name of another consumer is refused and left as it is', async () => {
  const store = createMemoryStore();
  const first = await own(store, { stateName: 'counter' });
  await first.commit({ state: change({ a: '1' }) });
  const second = await own(store, { consumerId: 'second', stateName: 'counter' });
  expect((await second.home.inspect()).state).toMatchObject({ isOwn: false, owner: expect.stringContaining('worker') });
  const content = { state: change({ a: '2' }), publishes: [publish('out', '1')] };
  await expect(second.commit(content)).rejects.toMatchObject({ code: 'ARS_STATE_OWNERSHIP' });
  expect(await second.commit()).toEqual({ outcome: 'committed' });
  expect((await first.home.inspect()).state?.attributes).toEqual(new Map([['a', '1']]));
  expect(messages(store, 'out')).toEqual([]);
});

test('a target without IDs left refuses the whole commit, which leaves nothing behind', async () => {
  const store = createMemoryStore({ now: () => 5 });
  const owner = await own(store);
  store.add('full', { n: 0 }, '18446744073709551615-0');
  const before = [await owner.home.inspect(), store.streamInfo('full')];
  const content = { state: change({ a: '1' }), publishes: [publish('out', '1'), publish('full', '2')] };
  await expect(owner.commit(content)).rejects.toMatchObject({ code: 'ARS_COMMIT', details: { stream: 'full' } });
  expect(store.streamInfo('out')).toBeUndefined();
  expect([await owner.home.inspect(), store.streamInfo('full')]).toEqual(before);
  expect(await owner.commit({ publishes: [publish('out', '1')] })).toEqual({ outcome: 'committed' });
});

test.each([[[]], [['n']], [['n', 'lone \uD800']], [['n', 7 as unknown as string]]])(
  'fields that no server takes refuse the whole commit (%j)',
  async (fields) => {
    const store = createMemoryStore();
    const owner = await own(store);
    const publishes = [publish('out', '1'), { stream: 'out', fields }];
    await expect(owner.commit({ publishes })).rejects.toMatchObject({ code: 'ARS_COMMIT' });
    expect(store.streamInfo('out')).toBeUndefined();
  },
);

test('an attribute that cannot be stored as it is refuses the whole commit', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  const content = { state: change({ a: '1', b: '\uDC00' }), publishes: [publish('out', '1')] };
  await expect(owner.commit(content)).rejects.toMatchObject({ code: 'ARS_COMMIT' });
  expect(await owner.home.inspect()).toMatchObject({ state: undefined, record: { commitId: owner.base } });
  expect(store.streamInfo('out')).toBeUndefined();
});

test('a change of state by a consumer without state, or without a first header, is a bug that is told', async () => {
  const stateless = await own(createMemoryStore(), { stateName: null });
  await expect(stateless.commit({ state: change({ a: '1' }) })).rejects.toThrow(TypeError);
  const owner = await own(createMemoryStore());
  await expect(owner.commit({ state: { header: undefined, set: [], deleted: [] } })).rejects.toThrow(TypeError);
  expect(await owner.commit()).toEqual({ outcome: 'committed' });
});

test('a commit to the stream that is read here is judged by what was there before it', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  const content = { cursors: [cursor('orders', '1-0', 1)], publishes: [publish('orders', '1')] };
  expect(await owner.commit(content)).toEqual({ outcome: 'stale' });
  expect(store.streamInfo('orders')).toBeUndefined();
});

test('a thousand commits take no macrotask', async () => {
  const owner = await own(createMemoryStore());
  let macrotasks = 0;
  setImmediate(() => (macrotasks += 1));
  for (let n = 0; n < 1_000; n += 1) await owner.commit({ publishes: [publish('out', String(n))] });
  expect(macrotasks).toBe(0);
});

test('a reader is woken by what a commit publishes, and finds the commit complete', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  const reader = await store.openReader();
  const found = reader.read({ cursors: [cursor('out')], maxEntries: 9, maxBytes: 999, waitMs: 5_000 });
  await owner.commit({ state: change({ a: '1' }), publishes: [publish('out', '1'), publish('out', '2')] });
  expect((await found)[0]!.entries.length).toBe(2);
});

test('consumers of one stream commit without touching each other', async () => {
  const store = createMemoryStore();
  const [first, second] = [await own(store), await own(store, { consumerId: 'second' })];
  await first.commit({ state: change({ a: '1' }) });
  expect(await second.commit({ state: change({ a: '2' }) })).toEqual({ outcome: 'committed' });
  expect(await first.commit()).toEqual({ outcome: 'committed' });
  const home = await store.openHome(address({ consumerId: 'second' }));
  expect((await home.inspect()).state?.attributes.get('a')).toBe('2');
});
