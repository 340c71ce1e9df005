import type { ConsumerHome, StreamReader } from '@ars/core';
import { expect, test } from 'vitest';
import { createMemoryStore, type MemorySnapshot } from '../src/index.js';
import { address, change, cursor, own, request, token } from './owner.js';

const unavailable = { code: 'ARS_STORE_UNAVAILABLE' };

async function expectCut(reader: StreamReader, home: ConsumerHome): Promise<void> {
  const held = { owner: token(), renewal: 0 };
  const nothing = { cursors: [], state: undefined, publishes: [], attempt: undefined, suspect: undefined };
  const commit = { commitId: token(), base: '', ...nothing };
  const calls = [
    () => reader.read(request()),
    () => reader.locate('orders', 'end'),
    () => home.inspect(),
    () => home.claim({ expectedEpoch: 0, ownEpoch: 0, owner: held.owner, starts: [] }),
    () => home.renew(held),
    () => home.commit(held, commit),
    () => home.release(held),
    () => home.glance(),
    () => home.persist(held, { replicas: 1, fsync: false, timeoutMs: 1 }),
    () => home.load(held, ['a']),
    () => home.scan(undefined, 1),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject(unavailable);
}

test('a restored snapshot brings streams, records, states, registry and idempotency keys back', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  store.add('orders', { n: 1 }, '1-0');
  const key = { stream: 'orders', fields: ['n', '2'], idempotencyKey: 'two' };
  const { id } = await store.append(key);
  await owner.commit({ cursors: [cursor('orders', '1-0', 1)], state: change({ a: '1' }) });
  store.add('orders', { n: 3 });
  store.delete('orders', id);
  const before = { ...(await owner.home.inspect()), info: store.streamInfo('orders') };
  const copy = store.snapshot();

  await owner.commit({ cursors: [cursor('orders', id, 2)], state: change({ a: '2' }) });
  await own(store, { consumerId: 'later' });
  store.add('orders', { n: 3 });
  store.add('later', { n: 1 });
  store.truncate('orders', { maxLength: 0 });
  store.evict('record', 'worker');
  store.restoreSnapshot(copy);

  const home = await store.openHome(address());
  const after = { ...(await home.inspect()), info: store.streamInfo('orders') };
  expect({ ...after, record: { ...after.record, quietMs: 0 } }).toEqual({
    ...before,
    record: { ...before.record, quietMs: 0 },
  });
  expect(store.streamInfo('later')).toBeUndefined();
  expect((await (await store.openHome(address({ consumerId: 'later' }))).inspect()).record).toBeUndefined();
  expect(await store.append(key)).toEqual({ id, isRepeat: true });
});

test('a restored snapshot has another history, and cuts every reader and home', async () => {
  const store = createMemoryStore();
  const reader = await store.openReader();
  const owner = await own(store);
  const { history } = reader;
  expect(owner.home.history).toBe(history);
  const waiting = reader.read(request({ waitMs: 5_000 }));
  const copy = store.snapshot();
  expect(copy.history).toBe(history);
  store.restoreSnapshot(copy);
  await expect(waiting).rejects.toMatchObject(unavailable);
  await expectCut(reader, owner.home);
  const later = await store.openReader();
  expect(later.history).not.toBe(history);
  expect((await store.openHome(address())).history).toBe(later.history);
  store.restoreSnapshot(copy);
  expect((await store.openReader()).history).not.toBe(later.history);
});

test('commits since the snapshot are forgotten, and what was computed on them is stale or fenced', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  const copy = store.snapshot();
  await first.commit();
  const second = await own(store);
  await second.commit();
  store.restoreSnapshot(copy);
  const home = await store.openHome(address());
  expect(await home.commit(first.token, first.content())).toEqual({ outcome: 'stale' });
  expect(await home.commit(second.token, second.content())).toEqual({ outcome: 'fenced' });
  expect(await home.renew(second.token)).toEqual({ outcome: 'fenced', epoch: 1 });
});

test('after a restore the same IDs can come again with other content', async () => {
  const store = createMemoryStore({ now: () => 5 });
  store.add('orders', { n: 1 });
  const copy = store.snapshot();
  const lost = store.add('orders', { n: 'lost' });
  store.restoreSnapshot(copy);
  expect(store.add('orders', { n: 'new' })).toBe(lost);
  expect(store.entries('orders').map(({ message }) => message['n'])).toEqual(['1', 'new']);
});

test('a snapshot never changes, and can be restored again and into another store', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  await owner.commit({
    state: change({ a: new Uint8Array([255, 1]) }),
    publishes: [{ stream: 'out', fields: ['n', '1'] }],
  });
  const copy = store.snapshot();
  for (const target of [store, store, createMemoryStore()]) {
    target.restoreSnapshot(copy);
    const again = await own(target);
    expect((await again.home.inspect()).state?.attributes.get('a')).toEqual(new Uint8Array([255, 1]));
    await again.commit({ state: change({ a: '2' }), publishes: [{ stream: 'out', fields: ['n', '2'] }] });
    expect(target.entries('out').length).toBe(2);
  }
});

test('something else than a snapshot is refused', () => {
  const store = createMemoryStore();
  expect(() => store.restoreSnapshot({ history: 'x' } satisfies MemorySnapshot)).toThrow('snapshot()');
});

test('a cut connection fails every reader and home, and reopened ones see the same history', async () => {
  const store = createMemoryStore();
  const reader = await store.openReader();
  const owner = await own(store);
  const waiting = reader.read(request({ waitMs: 5_000 }));
  store.disconnect();
  await expect(waiting).rejects.toMatchObject(unavailable);
  await expectCut(reader, owner.home);
  expect((await store.openReader()).history).toBe(reader.history);
  owner.base = (await (await store.openHome(address())).inspect()).record!.commitId;
  const home = await store.openHome(address());
  expect(await home.commit(owner.token, owner.content())).toEqual({ outcome: 'committed' });
});

test('a closed store serves nobody, but its content can still be looked at', async () => {
  const store = createMemoryStore({ name: 'mine' });
  store.add('orders', { n: 1 });
  const reader = await store.openReader();
  const owner = await own(store);
  const waiting = reader.read(request({ cursors: [cursor('other')], waitMs: 5_000 }));
  await store.close();
  await store.close();
  await expect(waiting).rejects.toThrow('Store "mine" is unavailable: the store was closed');
  await expectCut(reader, owner.home);
  const calls = [
    () => store.openReader(),
    () => store.openHome(address()),
    () => store.tail(['orders']),
    () => store.audit(),
    () => store.trim('orders', 'consumed'),
    () => store.consumers('orders'),
    () => store.register(address(), [cursor()]),
    () => store.unregister(address()),
    () => store.move({ from: 'orders', to: 'other', entries: [] }),
    () => store.append({ stream: 'orders', fields: ['n', '1'], idempotencyKey: undefined }),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject({ ...unavailable, details: { ran: false } });
  expect(store.entries('orders').length).toBe(1);
});

test('closing one home leaves the others of the same consumer at work', async () => {
  const store = createMemoryStore();
  const owner = await own(store);
  const other = await store.openHome(address());
  other.close();
  await expect(other.inspect()).rejects.toMatchObject(unavailable);
  expect(await owner.commit()).toEqual({ outcome: 'committed' });
});

test('an eviction tells how much it took, and takes nothing of other consumers', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  const second = await own(store, { consumerId: 'second' });
  for (const owner of [first, second]) await owner.commit({ state: change({ a: '1' }) });
  expect([store.evict('record', 'first'), store.evict('record', 'worker'), store.evict('record', 'worker')]).toEqual([
    0, 1, 0,
  ]);
  expect(await first.home.inspect()).toMatchObject({ record: undefined, isRegistered: true, state: { isOwn: true } });
  expect(await second.commit()).toEqual({ outcome: 'committed' });
});
