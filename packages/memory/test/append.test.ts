import { expect, test } from 'vitest';
import { createMemoryStore, type MemoryStoreOptions } from '../src/index.js';
import { memorySettings } from '../src/options.js';

const order = (idempotencyKey?: string, stream = 'orders') => ({ stream, fields: ['n', '1'], idempotencyKey });

const FULL = { code: 'ARS_COMMIT', details: { reason: 'IDEMPOTENCY_FULL', stream: 'orders' } };

test('a key gives one entry within its window, and its ID each time', async () => {
  let now = 1_000;
  const store = createMemoryStore({ now: () => now, idempotencyWindowMs: 100 });
  expect(await store.append(order('a'))).toEqual({ id: '1000-0', isRepeat: false });
  now = 1_099;
  expect(await store.append(order('a'))).toEqual({ id: '1000-0', isRepeat: true });
  expect(await store.append(order('b'))).toEqual({ id: '1099-0', isRepeat: false });
  now = 1_100;
  expect(await store.append(order('a'))).toEqual({ id: '1100-0', isRepeat: false });
  expect(store.entries('orders').length).toBe(3);
});

test('by default a key is remembered for a day', async () => {
  let now = 0;
  const store = createMemoryStore({ now: () => now });
  await store.append(order('a'));
  now = 86_399_999;
  expect(await store.append(order('a'))).toMatchObject({ isRepeat: true });
  now += 1;
  expect(await store.append(order('a'))).toMatchObject({ isRepeat: false });
});

test('keys are kept per stream, and new ones are refused when there are too many', async () => {
  const store = createMemoryStore({ idempotencyKeysMax: 2 });
  for (const key of ['a', 'b']) await store.append(order(key));
  await expect(store.append(order('c'))).rejects.toMatchObject(FULL);
  expect(await store.append(order('c', 'other'))).toMatchObject({ isRepeat: false });
  expect(await store.append(order('b'))).toMatchObject({ isRepeat: true });
  expect(await store.append(order('a'))).toMatchObject({ isRepeat: true });
  expect(await store.append(order())).toMatchObject({ isRepeat: false });
  expect(store.entries('orders').length).toBe(3);
});

test('keys that are too old make room for new ones', async () => {
  let now = 0;
  const store = createMemoryStore({ now: () => now, idempotencyKeysMax: 2, idempotencyWindowMs: 100 });
  await store.append(order('a'));
  now = 50;
  await store.append(order('b'));
  now = 100;
  expect(await store.append(order('c'))).toMatchObject({ isRepeat: false });
  await expect(store.append(order('a'))).rejects.toMatchObject(FULL);
  expect(await store.append(order('b'))).toMatchObject({ isRepeat: true });
});

test('by default a million keys are remembered, as on Redis', () => {
  expect(memorySettings({}).idempotency.keysMax).toBe(1_000_000);
});

test('appends without a key are never repeats', async () => {
  const store = createMemoryStore({ now: () => 7 });
  expect([await store.append(order()), await store.append(order())]).toEqual([
    { id: '7-0', isRepeat: false },
    { id: '7-1', isRepeat: false },
  ]);
});

test('IDs keep rising when the clock is set back', async () => {
  let now = 9;
  const store = createMemoryStore({ now: () => now });
  await store.append(order());
  now = 3;
  expect((await store.append(order())).id).toBe('9-1');
});

test.each([
  ['name', ''],
  ['now', 5],
  ['after', null],
  ['idempotencyWindowMs', 0],
  ['idempotencyKeysMax', 1.5],
  ['maxKeys', 5],
  ['toString', 5],
])('a wrong option is refused by its name: %s', (option, value) => {
  const options = { [option]: value } as MemoryStoreOptions;
  expect(() => createMemoryStore(options)).toThrow(
    expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option } }),
  );
});

test('every stream may be part of a transaction, and a store has the name it was given', () => {
  const store = createMemoryStore({ name: 'till' });
  expect(store.placementProblem('orders', 'restock-alerts')).toBeUndefined();
  expect([store.name, createMemoryStore().name]).toEqual(['till', 'memory']);
});

test('deleting something that is no ID is refused, and deletes nothing', () => {
  const store = createMemoryStore();
  const id = store.add('orders', { n: 1 });
  expect(() => store.delete('orders', id, '5')).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION' }));
  expect(store.entries('orders').length).toBe(1);
});

test('a trim to nothing sensible is refused', () => {
  const store = createMemoryStore();
  store.add('orders', { n: 1 });
  for (const to of [{ maxLength: -1 }, { maxLength: NaN }, { minId: '5' }]) {
    expect(() => store.truncate('orders', to)).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION' }));
  }
  expect(store.truncate('missing', { maxLength: 0 })).toBe(0);
});
