import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { createRedisStore, type RedisStoreOptions } from '@ars/redis-protocol';
import { startProxy, requestContains } from '../../../tests/support/proxy.js';
import { driverOf, freshTag, rawStore, Scene } from './support/fixture.js';

const url = inject('redisUrl');
let store: StreamStore;
let scene: Scene;
let tag: string;
let stream: string;
beforeAll(async () => {
  store = rawStore(url);
  scene = await Scene.open(url);
});
beforeEach(() => {
  tag = freshTag();
  stream = `{${tag}}s`;
});
afterAll(async () => {
  scene.close();
  await store.close();
});

const once = (key: string, target = store) => target.append({ stream, fields: ['f', 'v'], idempotencyKey: key });
const storeWith = (options: RedisStoreOptions, at = url) => createRedisStore(driverOf(at), options);
const memory = () => `ars:{${tag}}:idempotency:%7B${tag}%7Ds`;

describe('append', () => {
  test('answers the ID of the new entry, bytes intact', async () => {
    const { id, isRepeat } = await store.append({
      stream,
      fields: ['f', Uint8Array.of(255)],
      idempotencyKey: undefined,
    });
    expect(isRepeat).toBe(false);
    expect(await scene.raw('XRANGE', stream, '-', '+')).toEqual([
      [Buffer.from(id), [Buffer.from('f'), Buffer.from([255])]],
    ]);
  });

  test('to a key that is not a stream is refused, naming it', async () => {
    await scene.do('SET', stream, 'x');
    const refused = { code: 'ARS_COMMIT', details: { stream, reason: 'WRONGTYPE' } };
    await expect(store.append({ stream, fields: ['f', 'v'], idempotencyKey: undefined })).rejects.toMatchObject(
      refused,
    );
    await expect(once('k')).rejects.toMatchObject(refused);
    expect(await scene.do('EXISTS', memory())).toBe(0);
  });

  test('to a key of the library is refused', async () => {
    const request = { stream: `ars:{${tag}}:state:x`, fields: ['f', 'v'], idempotencyKey: undefined };
    await expect(store.append(request)).rejects.toMatchObject({ code: 'ARS_COMMIT', details: { reason: 'RESERVED' } });
  });

  test('whose reply was lost reports that nobody knows, and is not sent again', async () => {
    await using proxy = await startProxy(Number(new URL(url).port));
    const own = storeWith({}, proxy.url);
    const lost = proxy.loseNextReply(requestContains('XADD'));
    const failed = own.append({ stream, fields: ['f', 'v'], idempotencyKey: undefined });
    await expect(failed).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE', details: { ran: 'unknown' } });
    await lost;
    expect(await scene.do('XLEN', stream)).toBe(1);
    expect(await own.append({ stream, fields: ['f', 'v'], idempotencyKey: undefined })).toMatchObject({
      isRepeat: false,
    });
    await own.close();
  });
});

describe('append with an idempotency key', () => {
  test('that may not forget expired keys appends nothing', async () => {
    const user = `u${tag}`;
    await scene.do('ACL', 'SETUSER', user, 'reset', 'on', '>secret', '+@all', '~*', '-hdel');
    const limited = rawStore(url, { user: [user, 'secret'] });
    const request = { stream, fields: ['f', 'v'], idempotencyKey: 'k' };
    await expect(limited.append(request)).rejects.toMatchObject({ details: { reason: 'NOPERM' } });
    expect(await scene.do('EXISTS', stream, memory())).toBe(0);
    await limited.close();
    await scene.do('ACL', 'DELUSER', user);
  });

  test('appends once and answers the first ID to every repeat', async () => {
    const first = await once('k');
    expect(first.isRepeat).toBe(false);
    expect(await once('k')).toEqual({ id: first.id, isRepeat: true });
    expect((await once('other')).isRepeat).toBe(false);
    expect(await scene.do('XLEN', stream)).toBe(2);
  });

  test('many at once append one entry', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => once('k')));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(1);
    expect(answers.filter(({ isRepeat }) => !isRepeat)).toHaveLength(1);
  });

  test('is sent again when the reply is lost, and appends one entry', async () => {
    await using proxy = await startProxy(Number(new URL(url).port));
    const own = storeWith({}, proxy.url);
    const lost = [proxy.loseNextReply(requestContains('EVAL')), proxy.loseNextReply(requestContains('EVAL'))];
    const { id } = await once('k', own);
    await Promise.all(lost);
    expect(await scene.do('XRANGE', stream, '-', '+')).toEqual([[id, ['f', 'v']]]);
    await own.close();
  });

  test('gives up after a while when the server stays away', async () => {
    const own = storeWith({ commandTimeoutMs: 100, connectTimeoutMs: 100 }, 'redis://127.0.0.1:1');
    await expect(once('k', own)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await own.close();
  });

  test('appends again after the window', async () => {
    const brief = storeWith({ idempotencyWindowMs: 1 });
    const first = await once('k', brief);
    await scene.do('HSET', memory(), 'key:k', `1:${first.id}`);
    expect((await once('k', brief)).isRepeat).toBe(false);
    await brief.close();
  });

  test('refuses new keys over the bound, and forgets none that is alive', async () => {
    const small = storeWith({ idempotencyKeysMax: 3 });
    for (const key of ['a', 'b', 'c']) await once(key, small);
    await expect(once('d', small)).rejects.toMatchObject({
      code: 'ARS_COMMIT',
      details: { reason: 'IDEMPOTENCY_FULL', stream },
    });
    expect((await once('a', small)).isRepeat).toBe(true);
    expect(await scene.do('XLEN', stream)).toBe(3);
    await small.close();
  });

  test('sweeps expired keys as it goes, also from a large memory and also when full', async () => {
    const fields = Array.from({ length: 2000 }, (_, i) => [`key:old${i}`, '1:1-0']).flat();
    await scene.do('HSET', memory(), ...fields);
    const small = storeWith({ idempotencyKeysMax: 2000 });
    for (let i = 0; i < 400; i += 1) await once(`new${i}`, small).catch(() => {});
    expect(Number(await scene.do('HLEN', memory()))).toBeLessThanOrEqual(401);
    await small.close();
  });
});

describe('tail', () => {
  test('answers the last existing entry of each stream, and 0-0 where there is none', async () => {
    for (const id of ['1-0', '2-0', '3-0']) await scene.do('XADD', stream, id, 'f', 'v');
    await scene.do('XDEL', stream, '3-0');
    expect(await store.tail([`${stream}missing`, stream])).toEqual(['0-0', '2-0']);
    expect(await store.tail([])).toEqual([]);
  });
});
