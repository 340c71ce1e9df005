import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { Retention, StreamStore } from '@ars/core';
import { startServer } from '../../../tests/support/server.js';
import { SERVER_CLOCK } from '../src/scripts/fragments.js';
import { TRIM } from '../src/scripts/trim.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';

let store: StreamStore;
let scene: Scene;
let tag: string;
let stream: string;
beforeAll(async () => {
  store = rawStore(inject('redisUrl'));
  scene = await Scene.open(inject('redisUrl'));
});
beforeEach(() => {
  tag = freshTag();
  stream = `{${tag}}in`;
});
afterAll(async () => {
  scene.close();
  await store.close();
});

const add = async (...ids: string[]) => {
  for (const id of ids) await scene.do('XADD', stream, id, 'f', 'v');
};
const idsLeft = async () => ((await scene.do('XRANGE', stream, '-', '+')) as [string][]).map(([id]) => id);
const firstId = async () => ((await scene.do('XRANGE', stream, '-', '+', 'COUNT', 1)) as [string][])[0]![0];
const registerAt = (consumerId: string, position: string) =>
  store.register(addressOf(tag, { consumerId }), [{ stream, position, read: 0 }]);
const named = (consumerId: string) => `ars:{${tag}}:consumer:%7B${tag}%7Din:${consumerId}`;

/** Adds so many entries at once, from 1-0 on. */
const fill = (entries: number) =>
  scene.do('EVAL', `for i = 1, ${entries} do redis.call('XADD', KEYS[1], i .. '-0', 'f', 'v') end`, 1, stream);

describe('the registry', () => {
  test('lists consumers that commit here and elsewhere, with their positions', async () => {
    await claim(store, addressOf(tag), [{ stream, position: '5-0', read: 5 }]);
    await registerAt('far', '3-1');
    const consumers = [...(await store.consumers(stream))].sort((a, b) => (a.name < b.name ? -1 : 1));
    expect(consumers).toEqual([
      { name: `@${named('far')}`, position: '3-1' },
      { name: named('c'), position: '5-0' },
    ]);
    expect(await store.consumers(`{${tag}}other`)).toEqual([]);
  });

  test('of each stream takes the position of its own cursor', async () => {
    const other = `{${tag}}other`;
    const cursors = [
      { stream, position: '1-0', read: 1 },
      { stream: other, position: '2-0', read: 2 },
    ];
    await store.register(addressOf(tag, { streams: [stream, other], scope: '*' }), cursors);
    expect((await store.consumers(stream)).map(({ position }) => position)).toEqual(['1-0']);
    expect((await store.consumers(other)).map(({ position }) => position)).toEqual(['2-0']);
  });

  test('forgets a consumer in both forms of its name, and no other', async () => {
    const { home } = await claim(store, addressOf(tag));
    await registerAt('c', '1-0');
    await registerAt('other', '1-0');
    expect(await store.unregister(addressOf(tag))).toBe(true);
    expect(await store.consumers(stream)).toEqual([{ name: `@${named('other')}`, position: '1-0' }]);
    expect(await store.unregister(addressOf(tag))).toBe(false);
    expect((await home.inspect()).record).toBeDefined();
  });
});

describe('trim', () => {
  test('keeps what the slowest consumer has not committed, and the entry at its position', async () => {
    await add('1-0', '2-0', '3-0', '4-0');
    await registerAt('slow', '2-0');
    await registerAt('fast', '4-0');
    expect(await store.trim(stream, 'consumed')).toBe(1);
    expect(await idsLeft()).toEqual(['2-0', '3-0', '4-0']);
    expect(await store.trim(stream, 'consumed')).toBe(0);
  });

  test('follows what a consumer commits', async () => {
    await add('1-0', '2-0', '3-0');
    const { home, token, base } = await claim(store, addressOf(tag));
    expect(await store.trim(stream, 'consumed')).toBe(0);
    await home.commit(token, commitOf(base, { cursors: [{ stream, position: '3-0', read: 3 }] }));
    expect(await store.trim(stream, 'consumed')).toBe(2);
  });

  test.each<Retention>(['consumed', { maxLength: 0 }, { maxAge: 0 }])(
    'by %j orders IDs beyond 2^53 exactly',
    async (retention) => {
      await add('9007199254740992-0', '9007199254740992-9007199254740993', '9007199254740993-7', '9007199254740993-8');
      await registerAt('slow', '9007199254740993-7');
      await registerAt('fast', '9007199254740993-8');
      const isAgeless = typeof retention === 'object' && 'maxAge' in retention; // such IDs are far in the future
      expect(await store.trim(stream, retention)).toBe(isAgeless ? 0 : 2);
      if (!isAgeless) expect(await firstId()).toBe('9007199254740993-7');
    },
  );

  test('of what was consumed removes nothing where nobody is registered', async () => {
    await add('1-0', '2-0');
    expect(await store.trim(stream, 'consumed')).toBe(0);
    expect(await idsLeft()).toHaveLength(2);
  });

  test('by length leaves so many of the newest, exactly for a stream of small entries', async () => {
    await fill(1234);
    expect(await store.trim(stream, { maxLength: 1000 })).toBe(234);
    expect(await firstId()).toBe('235-0');
    expect(await store.trim(stream, { maxLength: 1000 })).toBe(0);
    expect(await store.trim(stream, { maxLength: 0 })).toBe(1000);
  });

  test('by length never passes the slowest consumer', async () => {
    await fill(500);
    await registerAt('slow', '150-0');
    await registerAt('fast', '400-0');
    expect(await store.trim(stream, { maxLength: 10 })).toBe(149);
    expect(await firstId()).toBe('150-0');
    await registerAt('slow', '0-0');
    expect(await store.trim(stream, { maxLength: 10 })).toBe(0);
  });

  test('by age removes what is older by the clock of the server, and never passes the slowest consumer', async () => {
    await add('1-0', '2-0');
    const [seconds] = (await scene.do('TIME')) as string[];
    const now = Number(seconds) * 1000;
    await add(`${now - 120_000}-0`, `${now - 30_000}-0`);
    await registerAt('slow', '2-0');
    expect(await store.trim(stream, { maxAge: 60_000 })).toBe(1);
    await store.unregister(addressOf(tag, { consumerId: 'slow' }));
    expect(await store.trim(stream, { maxAge: 60_000 })).toBe(2);
    expect(await idsLeft()).toEqual([`${now - 30_000}-0`]);
  });

  test('by age takes what is exactly that old, and keeps what is a millisecond younger', async () => {
    await add('4000-0', '4000-7', '4001-0', '5000-0');
    const keys = [stream, `ars:{${tag}}:consumers:%7B${tag}%7Din`];
    const standing = TRIM.body.replace(SERVER_CLOCK, 'local now = 5000');
    expect(standing).not.toBe(TRIM.body);
    expect(await scene.do('EVAL', standing, 2, ...keys, 'maxAge', '1000')).toBe('2');
    expect(await idsLeft()).toEqual(['4001-0', '5000-0']);
    expect(await scene.do('EVAL', standing, 2, ...keys, 'maxAge', '0')).toBe('2');
  });

  test('rounds a bound down', async () => {
    await add('1-0', '2-0', '3-0', '4-0', '5-0');
    expect(await store.trim(stream, { maxLength: 2.5 })).toBe(3);
    expect(await idsLeft()).toEqual(['4-0', '5-0']);
  });

  test('of a long backlog takes several calls, none of them long', async () => {
    await fill(25_000);
    await registerAt('c', '24901-0');
    const removed: number[] = [];
    for (let last = 1; last > 0; removed.push(last)) last = await store.trim(stream, 'consumed');
    expect(Math.max(...removed)).toBeLessThanOrEqual(10_100);
    expect(removed.reduce((sum, count) => sum + count)).toBe(24_900);
    expect(await idsLeft()).toHaveLength(100);
  });

  test('of a stream that is missing removes nothing, and of another key nothing either', async () => {
    expect(await store.trim(stream, { maxLength: 0 })).toBe(0);
    await scene.do('SET', stream, 'x');
    await expect(store.trim(stream, { maxLength: 0 })).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { stream, reason: 'WRONGTYPE' },
    });
  });

  test('refuses a retention that is no number', async () => {
    for (const wrong of [{ maxLength: -1 }, { maxAge: Number.NaN }, { maxLength: Infinity }, { maxAge: -Infinity }])
      await expect(store.trim(stream, wrong)).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
  });

  test('frees a server that is out of memory', async () => {
    await using server = await startServer();
    const [admin, full] = [await Scene.open(server.url), rawStore(server.url)];
    for (const id of ['1-0', '2-0']) await admin.do('XADD', stream, id, 'f', 'v');
    await admin.do('CONFIG', 'SET', 'maxmemory', '1');
    expect(await full.trim(stream, { maxLength: 1 })).toBe(1);
    admin.close();
    await full.close();
  });
});
