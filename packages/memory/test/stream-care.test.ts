import { expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../src/index.js';
import { address, cursor, own, token } from './owner.js';

const DAY_MS = 86_400_000;

function fill(store: MemoryStore, stream: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => store.add(stream, { n: index }, `${index + 1}-0`));
}

function idsIn(store: MemoryStore, stream: string): string[] {
  return store.entries(stream).map(({ id }) => id);
}

test('one call of trim removes 10,000 entries at most, and the calls together what they should', async () => {
  const store = createMemoryStore();
  const ids = fill(store, 'orders', 25_000);
  await own(store, {}, cursor('orders', ids[22_000], 22_001));
  const counts = [];
  for (let call = 0; call < 4; call += 1) counts.push(await store.trim('orders', 'consumed'));
  expect(counts).toEqual([10_000, 10_000, 2_000, 0]);
  expect(idsIn(store, 'orders')[0]).toBe(ids[22_000]);
});

test('an age is measured by the clock of the store, and keeps exactly what is younger', async () => {
  let now = 3 * DAY_MS;
  const store = createMemoryStore({ now: () => now });
  for (const day of [1, 2, 3]) store.add('orders', { day }, `${day * DAY_MS}-5`);
  expect(await store.trim('orders', { maxAge: 2 * DAY_MS + 1 })).toBe(0);
  expect(await store.trim('orders', { maxAge: 2 * DAY_MS })).toBe(1);
  now += DAY_MS;
  expect(await store.trim('orders', { maxAge: 1.5 * DAY_MS })).toBe(1);
  expect(idsIn(store, 'orders')).toEqual([`${3 * DAY_MS}-5`]);
});

test('a retention that is none is refused, and nothing goes', async () => {
  const store = createMemoryStore();
  fill(store, 'orders', 3);
  for (const wrong of [
    { maxLength: -1 },
    { maxLength: Infinity },
    { maxAge: Infinity },
    { maxAge: Number.NaN },
    { maxAge: '1' as never },
    {} as never,
  ]) {
    await expect(store.trim('orders', wrong)).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
  }
  expect(store.entries('orders').length).toBe(3);
});

test('a length that is no integer is rounded down, and the stream goes on as it was', async () => {
  const store = createMemoryStore();
  const ids = fill(store, 'orders', 5);
  expect(await store.trim('orders', { maxLength: 2.5 })).toBe(3);
  expect(idsIn(store, 'orders')).toEqual(ids.slice(3));
  const next = store.add('orders', { n: 'next' }, '9-0');
  expect(idsIn(store, 'orders')).toEqual([...ids.slice(3), next]);
  expect(await store.trim('orders', { maxLength: 0.9 })).toBe(3);
});

test('truncating pays no regard to consumers, trimming does', async () => {
  const store = createMemoryStore();
  const ids = fill(store, 'orders', 4);
  await own(store, {}, cursor('orders', ids[1], 2));
  expect(await store.trim('orders', { maxLength: 0 })).toBe(1);
  expect(store.truncate('orders', { maxLength: 0 })).toBe(3);
});

test('names in a registry tell who commits here from who commits elsewhere', async () => {
  const store = createMemoryStore();
  await own(store);
  await store.register(address({ readsHere: false }), [cursor('orders', '7-0', 7)]);
  expect(await store.consumers('orders')).toEqual([
    { name: 'ars:{orders}:consumer:orders:worker', position: '0-0' },
    { name: 'ars:{orders}:foreign:orders:worker', position: '7-0' },
  ]);
});

test('a snapshot has a registry of its own', async () => {
  const store = createMemoryStore();
  await own(store);
  const copy = store.snapshot();
  await store.register(address({ readsHere: false }), [cursor('orders', '7-0', 7)]);
  await store.unregister(address({ readsHere: true, consumerId: 'nobody' }));
  store.restoreSnapshot(copy);
  expect((await store.consumers('orders')).length).toBe(1);
  await store.unregister(address());
  store.restoreSnapshot(copy);
  expect((await store.consumers('orders')).length).toBe(1);
});

test('a move of fields that no server would take is refused, and moves nothing', async () => {
  const store = createMemoryStore();
  const [first, second] = fill(store, 'dead', 2);
  const entries = [
    { id: first!, fields: ['n', '1'] },
    { id: second!, fields: ['n'] },
  ];
  const moving = store.move({ from: 'dead', to: 'orders', entries });
  await expect(moving).rejects.toMatchObject({ code: 'ARS_COMMIT' });
  expect([idsIn(store, 'dead'), idsIn(store, 'orders')]).toEqual([[first, second], []]);
});

test('a reader of the other stream is woken by a move, and one of this stream accounts for it', async () => {
  const store = createMemoryStore();
  const [id] = fill(store, 'dead', 1);
  const reader = await store.openReader();
  const cursors = [cursor('orders'), cursor('dead')];
  await store.move({ from: 'dead', to: 'orders', entries: [] });
  const request = { cursors: cursors.slice(0, 1), maxEntries: 10, maxBytes: 1_000, waitMs: 5_000 };
  const waiting = reader.read(request);
  await store.move({ from: 'dead', to: 'orders', entries: [{ id: id!, fields: ['n', 'moved'] }] });
  expect((await waiting)[0]?.entries.length).toBe(1);
  expect((await reader.read({ ...request, cursors: cursors.slice(1), waitMs: 0 }))[0]).toMatchObject({ lost: 1 });
});

test('a memory store offers no durability, and an audit says where the data lives', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  expect(store.durability).toEqual([]);
  for (const level of [
    { replicas: 1, fsync: false, timeoutMs: 10 },
    { replicas: 0, fsync: true, timeoutMs: 10 },
  ]) {
    await expect(owner.home.persist(owner.token, level)).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
  }
  expect(await store.audit()).toMatchObject([{ code: 'NO_PERSISTENCE', severity: 'info' }]);
});

test('the heartbeat grows also while the clock stands, and a rewound owner comes to another one', async () => {
  let now = 5_000;
  const store = createMemoryStore({ now: () => now });
  const owner = await own(store);
  expect((await owner.home.glance())?.heartbeat).toBe(5_000);
  const copy = store.snapshot();
  await owner.commit();
  expect(await owner.home.glance()).toEqual({ owner: owner.token.owner, epoch: 1, heartbeat: 5_001 });
  now = 9_000;
  store.restoreSnapshot(copy);
  const home = await store.openHome(address());
  await home.renew(owner.token);
  expect((await home.glance())?.heartbeat).toBe(9_000);
  await home.release({ owner: token(), renewal: 0 });
  expect((await home.glance())?.owner).toBe(owner.token.owner);
});
