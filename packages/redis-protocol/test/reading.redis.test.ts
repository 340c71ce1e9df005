import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { ReadRequest, StreamReader, StreamStore } from '@ars/core';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { waitFor } from '../../../tests/support/wait.js';
import { freshTag, rawStore, Scene } from './support/fixture.js';

let server: TestServer;
let store: StreamStore;
let scene: Scene;
let reader: StreamReader;
let stream: string;
beforeAll(async () => {
  server = await startServer();
  store = rawStore(server.url);
  scene = await Scene.open(server.url);
});
beforeEach(async () => {
  reader = await store.openReader();
  stream = `{${freshTag()}}s`;
});
afterEach(() => reader.close());
afterAll(async () => {
  scene.close();
  await store.close();
  await server.stop();
});

const from = (position: string, read: number, changes: Partial<ReadRequest> = {}): ReadRequest => ({
  cursors: [{ stream, position, read }],
  maxEntries: 1000,
  maxBytes: 1e9,
  waitMs: 0,
  ...changes,
});

async function add(count: number, value = 'v'): Promise<void> {
  for (let i = 0; i < count; i += 1) await scene.do('XADD', stream, `${i + 1}-0`, 'n', String(i), 'value', value);
}

/** Whether a connection waits in the server. */
const areBlocked = async () => /blocked_clients:[1-9]/.test(String(await scene.do('INFO', 'clients')));

describe('a read', () => {
  test('answers entries in order with the cursor behind them', async () => {
    await add(3);
    const [read] = await reader.read(from('1-0', 1));
    expect(read).toEqual({
      stream,
      entries: [
        { id: '2-0', fields: ['n', '1', 'value', 'v'] },
        { id: '3-0', fields: ['n', '2', 'value', 'v'] },
      ],
      lost: 0,
      cursor: { stream, position: '3-0', read: 3 },
      regressed: false,
      added: 3,
      lastId: '3-0',
    });
  });

  test.each([0, 20])('keeps bytes that are not UTF-8, and text that is (waiting %i ms)', async (waitMs) => {
    const values = [
      Uint8Array.of(0xc3, 0x28),
      'naïve ✓ 😀',
      '\ufffd',
      '',
      Uint8Array.of(0xff),
      'x'.repeat(70_000),
      '\ufeffbom',
    ];
    const fields = values.flatMap((value, i) => [`f${i}`, value]);
    await scene.do('XADD', stream, '*', ...fields);
    const [read] = await reader.read(from('0-0', 0, { waitMs }));
    expect(read!.entries[0]!.fields).toEqual(fields);
  });

  test('of several streams answers one result a cursor, in their order', async () => {
    await add(2);
    const other = `${stream}2`;
    const cursors = [other, stream].map((name) => ({ stream: name, position: '0-0', read: 0 }));
    for (const waitMs of [0, 20]) {
      const reads = await reader.read({ ...from('0-0', 0), cursors, waitMs });
      expect(reads.map((read) => [read.stream, read.entries.length, read.lastId])).toEqual([
        [other, 0, '0-0'],
        [stream, 2, '2-0'],
      ]);
    }
  });

  test('of no entries accounts for losses only', async () => {
    await add(5);
    await scene.do('XTRIM', stream, 'MAXLEN', '2');
    const [read] = await reader.read(from('0-0', 0, { maxEntries: 0, waitMs: 100 }));
    expect(read).toMatchObject({ entries: [], lost: 3, cursor: { position: '0-0', read: 3 } });
  });

  test('takes a backlog of any size in bounded steps, each entry once', async () => {
    await add(1500);
    const ids: string[] = [];
    let [cursor] = from('0-0', 0).cursors;
    while (ids.length < 1500) {
      const [read] = await reader.read(from(cursor!.position, cursor!.read));
      expect(read!.entries.length).toBeGreaterThan(0);
      expect(read!.entries.length).toBeLessThanOrEqual(1000);
      ids.push(...read!.entries.map(({ id }) => id));
      cursor = read!.cursor;
    }
    expect(ids).toEqual(Array.from({ length: 1500 }, (_, i) => `${i + 1}-0`));
  });

  test('stays near its bytes although entries suddenly become large', async () => {
    await add(64);
    const [small] = await reader.read(from('0-0', 0, { maxBytes: 100_000 }));
    for (let i = 100; i < 300; i += 1) await scene.do('XADD', stream, `${i}-0`, 'value', 'x'.repeat(10_000));
    const [large] = await reader.read(from(small!.cursor.position, 64, { maxBytes: 100_000 }));
    expect(large!.entries.length).toBeGreaterThan(0);
    expect(large!.entries.length).toBeLessThanOrEqual(24);
    const [next] = await reader.read(from(large!.cursor.position, large!.cursor.read, { maxBytes: 100_000 }));
    expect(next!.entries.length).toBeLessThanOrEqual(10);
  });

  test('returns an entry that alone is over the bytes', async () => {
    await add(2, 'x'.repeat(50_000));
    await reader.read(from('0-0', 0));
    expect((await reader.read(from('0-0', 0, { maxBytes: 10 })))[0]!.entries).toHaveLength(1);
  });

  test('from the largest possible ID finds nothing and does not fail', async () => {
    const last = '18446744073709551615-18446744073709551615';
    await scene.do('XADD', stream, last, 'f', 'v');
    for (const waitMs of [0, 1])
      expect((await reader.read(from(last, 1, { waitMs })))[0]).toMatchObject({
        entries: [],
        lost: 0,
        regressed: false,
      });
  });

  test('of a key that is not a stream is a configuration error that names it', async () => {
    await scene.do('SET', stream, 'x');
    await expect(reader.read(from('0-0', 0))).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { stream, reason: 'WRONGTYPE' },
    });
  });
});

describe('a stream is found behind the cursor', () => {
  test('when it is gone', async () => {
    expect((await reader.read(from('5-0', 3)))[0]).toMatchObject({ regressed: true, entries: [] });
  });

  test('when it has other entries under other IDs', async () => {
    await scene.do('XADD', stream, '3-0', 'f', 'v');
    await scene.do('XADD', stream, '9-0', 'f', 'v');
    expect((await reader.read(from('5-0', 1)))[0]).toMatchObject({ regressed: true, entries: [] });
  });

  test('when fewer entries were ever added to it', async () => {
    await scene.do('XADD', stream, '5-0', 'f', 'v');
    expect((await reader.read(from('5-0', 2)))[0]).toMatchObject({ regressed: true, entries: [] });
  });

  test('when it was recreated while a read waited', async () => {
    await scene.do('XADD', stream, '5-0', 'f', 'v');
    const waiting = reader.read(from('5-0', 1, { waitMs: 5000 }));
    await waitFor(areBlocked, 'the read to wait');
    await scene.do('EVAL', "redis.call('DEL', KEYS[1]) redis.call('XADD', KEYS[1], '2-0', 'f', 'v')", 1, stream);
    await scene.do('XADD', stream, '6-0', 'f', 'v');
    expect((await waiting)[0]).toMatchObject({ regressed: true, entries: [] });
  });
});

describe('a read that waits', () => {
  test('returns as soon as an entry comes', async () => {
    const waiting = reader.read(from('0-0', 0, { waitMs: 5000 }));
    await waitFor(areBlocked, 'the read to wait');
    await scene.do('XADD', stream, '7-0', 'f', 'v');
    expect((await waiting)[0]).toMatchObject({
      entries: [{ id: '7-0' }],
      lost: 0,
      cursor: { position: '7-0', read: 1 },
    });
  });

  test('returns empty in the end', async () => {
    expect((await reader.read(from('0-0', 0, { waitMs: 10 })))[0]).toMatchObject({
      entries: [],
      lost: 0,
      regressed: false,
    });
  });

  test('is woken without entries when a refused commit took its entry back, and goes on', async () => {
    const waiting = reader.read(from('0-0', 0, { waitMs: 300 }));
    await waitFor(areBlocked, 'the read to wait');
    const script =
      "local id = redis.call('XADD', KEYS[1], '*', 'f', 'v') redis.call('XDEL', KEYS[1], id) redis.call('DEL', KEYS[1])";
    await scene.do('EVAL', script, 1, stream);
    expect((await waiting)[0]).toMatchObject({ entries: [], lost: 0, regressed: false });
  });

  test('rejects at once when the reader is closed, and so does every later read', async () => {
    const waiting = reader.read(from('0-0', 0, { waitMs: 5000 })).catch((error: unknown) => error);
    await waitFor(areBlocked, 'the read to wait');
    const closedAt = performance.now();
    reader.close();
    expect(await waiting).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE', details: { reason: 'CLOSED' } });
    expect(performance.now() - closedAt).toBeLessThan(500);
    await expect(reader.read(from('0-0', 0))).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
  });

  test('rejects when the store is closed', async () => {
    const own = rawStore(server.url);
    const ownReader = await own.openReader();
    const waiting = ownReader.read(from('0-0', 0, { waitMs: 5000 })).catch((error: unknown) => error);
    await waitFor(areBlocked, 'the read to wait');
    await own.close();
    expect(await waiting).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await expect(own.openReader()).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
  });
});
