import { describe, expect, inject, test } from 'vitest';
import { createRedisStore } from '@ars/redis-protocol';
import { startProxy, requestContains } from '../../../tests/support/proxy.js';
import { startServer } from '../../../tests/support/server.js';
import { waitFor } from '../../../tests/support/wait.js';
import { addressOf, claim, commitOf, driverOf, freshTag, Scene } from './support/fixture.js';

const port = Number(new URL(inject('redisUrl')).port);
const impatient = { commandTimeoutMs: 150, connectTimeoutMs: 300 };
const UNKNOWN = { code: 'ARS_STORE_UNAVAILABLE', details: { ran: 'unknown' } };

describe('a half-open link', () => {
  test('is noticed within the deadline, and everything pending rejects', async () => {
    await using proxy = await startProxy(port);
    const store = createRedisStore(driverOf(proxy.url), impatient);
    const { home, token, base } = await claim(store, addressOf(freshTag()));
    proxy.blackhole(true);
    const startedAt = performance.now();
    const answers = await Promise.allSettled([home.commit(token, commitOf(base)), home.renew(token)]);
    expect(performance.now() - startedAt).toBeLessThan(1000);
    for (const answer of answers) expect(answer).toMatchObject({ status: 'rejected', reason: UNKNOWN });
    await waitFor(() => proxy.connections === 0, 'the link to be closed');
    await expect(home.renew(token)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await store.close();
  });

  test('is noticed by a waiting read, after what it was to wait', async () => {
    await using proxy = await startProxy(port);
    const store = createRedisStore(driverOf(proxy.url), impatient);
    const reader = await store.openReader();
    proxy.blackhole(true);
    const startedAt = performance.now();
    const cursors = [{ stream: `{${freshTag()}}s`, position: '0-0', read: 0 }];
    const waiting = reader.read({ cursors, maxEntries: 1, maxBytes: 1e6, waitMs: 200 });
    await expect(waiting).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(340);
    await store.close();
  });

  test('is noticed as soon by what follows a read that could have waited long', async () => {
    await using proxy = await startProxy(port);
    const scene = await Scene.open(inject('redisUrl'));
    const store = createRedisStore(driverOf(proxy.url), impatient);
    const reader = await store.openReader();
    const stream = `{${freshTag()}}s`;
    await scene.do('XADD', stream, '1-0', 'f', 'v');
    const request = { cursors: [{ stream, position: '0-0', read: 0 }], maxEntries: 1, maxBytes: 1e6 };
    await reader.read({ ...request, waitMs: 5000 });
    proxy.blackhole(true);
    const startedAt = performance.now();
    await expect(reader.read({ ...request, waitMs: 0 })).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    expect(performance.now() - startedAt).toBeLessThan(2000);
    scene.close();
    await store.close();
  });

  test('does not hold up connecting', async () => {
    await using proxy = await startProxy(port);
    proxy.blackhole(true);
    const store = createRedisStore(driverOf(proxy.url), { commandTimeoutMs: 5000, connectTimeoutMs: 200 });
    const startedAt = performance.now();
    await expect(store.openReader()).rejects.toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
      details: { reason: 'TIMEOUT', ran: false },
    });
    expect(performance.now() - startedAt).toBeLessThan(1000);
    await store.close();
  });
});

test('a process that was busy for longer than the deadline does not take its link for dead', async () => {
  const store = createRedisStore(driverOf(inject('redisUrl')), { commandTimeoutMs: 100 });
  const { home, token } = await claim(store, addressOf(freshTag()));
  const renewed = home.renew(token);
  const until = performance.now() + 250;
  while (performance.now() < until);
  expect(await renewed).toMatchObject({ outcome: 'held' });
  expect(await home.renew(token)).toMatchObject({ outcome: 'held' });
  await store.close();
});

test('a link that is in use for longer than the deadline stays', async () => {
  const store = createRedisStore(driverOf(inject('redisUrl')), { commandTimeoutMs: 400 });
  const { home, token } = await claim(store, addressOf(freshTag()));
  const until = performance.now() + 1000;
  while (performance.now() < until) expect(await home.renew(token)).toMatchObject({ outcome: 'held' });
  await store.close();
});

test('a commit whose reply was lost ran once, and sending it again is answered already', async () => {
  await using proxy = await startProxy(port);
  const scene = await Scene.open(inject('redisUrl'));
  const tag = freshTag();
  const store = createRedisStore(driverOf(proxy.url), impatient);
  const { home, token, base } = await claim(store, addressOf(tag));
  const commit = commitOf(base, { publishes: [{ stream: `{${tag}}out`, fields: ['f', 'v'] }] });
  await home.commit(token, commitOf(base, { commitId: base })); // the script is known from here on
  const lost = proxy.loseNextReply(requestContains('EVAL', commit.commitId));
  await expect(home.commit(token, commit)).rejects.toMatchObject(UNKNOWN);
  await lost;
  const again = await store.openHome(addressOf(tag));
  expect(await again.renew({ ...token, renewal: 1 })).toEqual({ outcome: 'held', commitId: commit.commitId });
  expect(await again.commit({ ...token, renewal: 1 }, commit)).toEqual({ outcome: 'already' });
  expect(await scene.do('XLEN', `{${tag}}out`)).toBe(1);
  scene.close();
  await store.close();
});

test('a reader is woken once: one read that waits is two commands and one reply of entries', async () => {
  await using server = await startServer();
  const scene = await Scene.open(server.url);
  const store = createRedisStore(driverOf(server.url));
  const reader = await store.openReader();
  const stream = `{${freshTag()}}s`;
  await scene.do('XADD', stream, '1-0', 'f', 'v');
  const request = { cursors: [{ stream, position: '0-0', read: 0 }], maxEntries: 5, maxBytes: 1e6, waitMs: 1000 };
  await reader.read(request);
  const calls = async () => {
    const info = String(await scene.do('INFO', 'commandstats'));
    return ['xread', 'evalsha_ro'].map((name) =>
      Number(new RegExp(`cmdstat_${name}:calls=(\\d+)`).exec(info)?.[1] ?? 0),
    );
  };
  const [xreads, scripts] = await calls();
  await reader.read(request);
  const [xreadsAfter, scriptsAfter] = await calls();
  expect([xreadsAfter! - xreads!, scriptsAfter! - scripts!]).toEqual([1, 1]);
  scene.close();
  await store.close();
});
