import type { ReadRequest, StreamRead, StreamReader } from '@ars/core';
import { expect, test } from 'vitest';
import { createMemoryStore, type MemoryStore } from '../src/index.js';
import { cursor, request } from './owner.js';

/** A timer that only the test lets run out. */
class Timers {
  readonly running: Set<() => void> = new Set();
  readonly delays: number[] = [];

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    this.delays.push(delayMs);
    this.running.add(callback);
    return () => this.running.delete(callback);
  };

  runOut(): void {
    for (const callback of this.running) callback();
  }
}

interface Waiting {
  readonly store: MemoryStore;
  readonly reader: StreamReader;
  readonly timers: Timers;
  readonly read: (changes?: Partial<ReadRequest>) => Promise<readonly StreamRead[]>;
}

async function waiting(): Promise<Waiting> {
  const timers = new Timers();
  const store = createMemoryStore({ after: timers.after });
  const reader = await store.openReader();
  return { store, reader, timers, read: (changes) => reader.read(request({ waitMs: 5_000, ...changes })) };
}

const ids = (reads: readonly StreamRead[]): string[][] => reads.map(({ entries }) => entries.map(({ id }) => id));

test('a read that waits is answered by the first entry, without a timer or a macrotask', async () => {
  const { store, read, timers } = await waiting();
  let macrotasks = 0;
  const found = read();
  setImmediate(() => (macrotasks += 1));
  await Promise.resolve();
  store.add('orders', { n: 1 }, '1-0');
  expect(ids(await found)).toEqual([['1-0']]);
  expect({ macrotasks, left: timers.running.size }).toEqual({ macrotasks: 0, left: 0 });
});

test('entries appended one after the other wake the reader once, with all of them', async () => {
  const { store, read } = await waiting();
  const found = read();
  store.add('orders', { n: 1 }, '1-0');
  store.add('orders', { n: 2 }, '2-0');
  expect(ids(await found)).toEqual([['1-0', '2-0']]);
});

test('an entry in any of its streams wakes a reader, which gets a result for each', async () => {
  const { store, read } = await waiting();
  const found = read({ cursors: [cursor('a'), cursor('b'), cursor('c')] });
  await store.append({ stream: 'b', fields: ['n', '1'], idempotencyKey: undefined });
  expect((await found).map(({ stream, entries }) => [stream, entries.length])).toEqual([
    ['a', 0],
    ['b', 1],
    ['c', 0],
  ]);
});

test('every reader that waits for a stream gets its entry', async () => {
  const { store, read } = await waiting();
  const other = await store.openReader();
  const found = [read(), other.read(request({ waitMs: 1 })), read()];
  store.add('orders', { n: 1 }, '1-0');
  for (const one of await Promise.all(found)) expect(ids(one)).toEqual([['1-0']]);
});

test('a read whose time is over answers with nothing', async () => {
  const { read, timers } = await waiting();
  const found = read({ cursors: [cursor('orders'), cursor('b')], waitMs: 70 });
  expect(timers.delays).toEqual([70]);
  timers.runOut();
  expect(ids(await found)).toEqual([[], []]);
});

test('the real timer ends a read as well', async () => {
  const reader = await createMemoryStore().openReader();
  expect(ids(await reader.read(request({ waitMs: 1 })))).toEqual([[]]);
});

test('a wait beyond what timers can do is shortened, not skipped', async () => {
  const { read, timers, reader } = await waiting();
  const found = read({ waitMs: Infinity });
  expect(timers.delays).toEqual([2_147_483_647]);
  reader.close();
  await expect(found).rejects.toThrow('was closed');
});

test('a read that finds something, or must not wait, starts no timer', async () => {
  const { store, read, timers } = await waiting();
  expect(ids(await read({ waitMs: 0 }))).toEqual([[]]);
  store.add('orders', { n: 1 }, '1-0');
  await read();
  expect(timers.delays).toEqual([]);
});

test('closing the reader ends its waiting read and leaves no timer behind', async () => {
  const { read, reader, timers } = await waiting();
  const found = read();
  reader.close();
  reader.close();
  await expect(found).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE', details: { ran: false } });
  expect(timers.running.size).toBe(0);
  await expect(read()).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
  await expect(reader.locate('orders', 'end')).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
});

test('a waiting read tells at once that its stream was deleted or trimmed ahead of it', async () => {
  const { store, read } = await waiting();
  store.add('orders', { n: 1 }, '1-0');
  const atTail = { cursors: [cursor('orders', '1-0', 1)] };
  const deleted = read(atTail);
  store.deleteStream('orders');
  expect((await deleted)[0]).toMatchObject({ regressed: true });
  const lost = read();
  store.add('orders', { n: 2 }, '2-0');
  store.delete('orders', '2-0');
  expect((await lost)[0]).toMatchObject({ lost: 1, entries: [], regressed: false });
});

test('changes behind the position do not end a waiting read', async () => {
  const { store, read, timers } = await waiting();
  store.add('orders', { n: 1 }, '1-0');
  store.add('orders', { n: 2 }, '2-0');
  const found = read({ cursors: [cursor('orders', '2-0', 2)] });
  store.delete('orders', '1-0');
  await new Promise(setImmediate);
  expect(timers.running.size).toBe(1);
  store.add('orders', { n: 3 }, '3-0');
  expect(ids(await found)).toEqual([['3-0']]);
});

test('maxBytes bounds a read, but a stream with entries always gives one', async () => {
  const { store, read } = await waiting();
  for (const stream of ['a', 'b']) for (let n = 1; n <= 4; n += 1) store.add(stream, { n: 'x'.repeat(99) }, `${n}-0`);
  const cursors = [cursor('a'), cursor('b')];
  expect(ids(await read({ cursors, maxBytes: 600 }))).toEqual([
    ['1-0', '2-0', '3-0'],
    ['1-0', '2-0', '3-0'],
  ]);
  expect(ids(await read({ cursors, maxBytes: 599 })).map(({ length }) => length)).toEqual([2, 2]);
  expect(ids(await read({ cursors, maxBytes: 1 })).map(({ length }) => length)).toEqual([1, 1]);
});

test('one large entry does not shorten reads that it is not in', async () => {
  const { store, read } = await waiting();
  store.add('a', { n: 'x'.repeat(10_000) }, '1-0');
  for (let n = 2; n <= 10; n += 1) store.add('a', { n: 'é' }, `${n}-0`);
  const [found] = await read({ cursors: [cursor('a', '1-0', 1)], maxBytes: 27 });
  expect(found!.entries.length).toBe(9);
});

test('a start point becomes the cursor at the last existing entry before it', async () => {
  const { store, reader } = await waiting();
  for (let n = 1; n <= 6; n += 1) store.add('orders', { n }, `${n}-0`);
  store.truncate('orders', { minId: '2-0' });
  store.delete('orders', '3-0', '6-0');
  expect(await reader.locate('orders', 'beginning')).toEqual(cursor('orders', '0-0', 3));
  expect(await reader.locate('orders', 'end')).toEqual(cursor('orders', '5-0', 6));
  expect(await reader.locate('orders', { fromId: '4-0' })).toEqual(cursor('orders', '2-0', 4));
  expect(await reader.locate('orders', { fromId: '4-1' })).toEqual(cursor('orders', '4-0', 5));
  expect(await reader.locate('orders', { fromId: '0-0' })).toEqual(cursor('orders', '0-0', 3));
  expect(await reader.locate('orders', { fromId: '6-0' })).toEqual(cursor('orders', '5-0', 6));
});

test('a missing stream is located at its beginning, and an emptied one after all that it had', async () => {
  const { store, reader } = await waiting();
  for (const start of ['beginning', 'end', { fromId: '7-0' }] as const) {
    expect(await reader.locate('orders', start)).toEqual(cursor('orders', '0-0', 0));
  }
  store.add('orders', { n: 1 });
  store.truncate('orders', { maxLength: 0 });
  expect(await reader.locate('orders', 'end')).toEqual(cursor('orders', '0-0', 1));
});

test.each(['6-1', '7', 'now'])('%s as a start point of a stream that ends at 6-0 is refused', async (fromId) => {
  const { store, reader } = await waiting();
  store.add('orders', { n: 1 }, '6-0');
  await expect(reader.locate('orders', { fromId })).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
});

test('the tail of a stream is its last existing entry', async () => {
  const { store } = await waiting();
  store.add('a', { n: 1 }, '1-0');
  store.add('a', { n: 2 }, '2-0');
  store.delete('a', '2-0');
  expect(await store.tail(['missing', 'a'])).toEqual(['0-0', '1-0']);
});
