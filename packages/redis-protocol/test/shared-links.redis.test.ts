import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { createRedisStore } from '@ars/redis-protocol';
import { startProxy } from '../../../tests/support/proxy.js';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { waitFor } from '../../../tests/support/wait.js';
import { addressOf, claim, commitOf, driverOf, freshTag, rawStore, Scene, type Claimed } from './support/fixture.js';

let server: TestServer;
let admin: Scene;
beforeAll(async () => {
  server = await startServer();
  admin = await Scene.open(server.url);
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

const UNKNOWN = { code: 'ARS_STORE_UNAVAILABLE', details: { ran: 'unknown' } };

/** The IDs of all connections but the one that asks. */
async function clients(): Promise<string[]> {
  const own = String(await admin.do('CLIENT', 'ID'));
  const list = String(await admin.do('CLIENT', 'LIST'));
  return [...list.matchAll(/^id=(\d+)/gm)].map(([, id]) => id!).filter((id) => id !== own);
}
const untilThereAre = (count: number) =>
  waitFor(async () => (await clients()).length === count, `${count} connections to be left`);

const claimMany = (store: StreamStore, count: number): Promise<Claimed[]> =>
  Promise.all(Array.from({ length: count }, (_, i) => claim(store, addressOf(freshTag(), { consumerId: `c${i}` }))));
const commitAll = (homes: readonly Claimed[]) =>
  Promise.all(homes.map(({ home, token, base }) => home.commit(token, commitOf(base))));

describe('a hundred homes', () => {
  test('commit on one connection, which the last of them closes', async () => {
    const store = rawStore(server.url);
    const homes = await claimMany(store, 100);
    expect((await commitAll(homes)).every(({ outcome }) => outcome === 'committed')).toBe(true);
    await untilThereAre(1);
    for (const { home } of homes.slice(1)) home.close();
    expect(await homes[0]!.home.renew(homes[0]!.token)).toMatchObject({ outcome: 'held' });
    homes[0]!.home.close();
    homes[0]!.home.close();
    await untilThereAre(0);
    await store.close();
  });

  test('opened one after another share it too', async () => {
    const store = rawStore(server.url);
    for (let i = 0; i < 5; i += 1) await claim(store, addressOf(freshTag()));
    await untilThereAre(1);
    await store.close();
    await untilThereAre(0);
  });

  test('all fail when it is killed, and those opened after that get a new one', async () => {
    const store = rawStore(server.url);
    const homes = await claimMany(store, 100);
    await untilThereAre(1);
    const [killed] = await clients();
    await admin.do('CLIENT', 'KILL', 'ID', killed!);
    for (const { home, token } of homes)
      await expect(home.renew(token)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    for (const { home } of homes) home.close();
    const again = await claimMany(store, 100);
    expect((await commitAll(again)).every(({ outcome }) => outcome === 'committed')).toBe(true);
    await untilThereAre(1);
    expect(await clients()).not.toContain(killed);
    await store.close();
  });
});

describe('a home that is closed while its commit is pending', () => {
  test('fails alone, and a late effect is fenced by the next renewal', async () => {
    await using proxy = await startProxy(server.port);
    const store = createRedisStore(driverOf(proxy.url));
    const [one, other] = (await claimMany(store, 2)) as [Claimed, Claimed];
    await commitAll([other]); // the script is known from here on
    proxy.delay(100);
    const failing = expect(one.home.commit(one.token, commitOf(one.base))).rejects.toMatchObject(UNKNOWN);
    const renewing = other.home.renew(other.token);
    one.home.close();
    await failing;
    expect(await renewing).toMatchObject({ outcome: 'held' });
    await expect(one.home.renew(one.token)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await store.close();
  });

  test('and reopened finds out by its renewal what became of it', async () => {
    const store = rawStore(server.url);
    const tag = freshTag();
    const [neighbour] = await claimMany(store, 1);
    const { home, token, base } = await claim(store, addressOf(tag));
    await home.commit(token, commitOf(base, { commitId: base }));
    const commit = commitOf(base);
    const failing = expect(home.commit(token, commit)).rejects.toMatchObject(UNKNOWN);
    home.close();
    await failing;
    const again = await store.openHome(addressOf(tag));
    const renewed = { ...token, renewal: 1 };
    expect(await again.renew(renewed)).toEqual({ outcome: 'held', commitId: commit.commitId });
    expect(await again.commit(token, commitOf(commit.commitId))).toEqual({ outcome: 'fenced' });
    expect(await again.commit(renewed, commit)).toEqual({ outcome: 'already' });
    expect(await neighbour!.home.renew(neighbour!.token)).toMatchObject({ outcome: 'held' });
    await store.close();
  });
});

test('a shared connection that went mute is not given to a new home', async () => {
  await using proxy = await startProxy(server.port);
  const store = createRedisStore(driverOf(proxy.url), { connectTimeoutMs: 500, commandTimeoutMs: 1000 });
  const tag = freshTag();
  const mute = await claim(store, addressOf(tag));
  proxy.blackhole(true);
  const answer = expect(mute.home.renew({ ...mute.token, renewal: 1 })).rejects.toMatchObject(UNKNOWN);
  const record = `ars:{${tag}}:consumer:%7B${tag}%7Din:c`;
  await waitFor(async () => (await admin.do('HGET', record, 'renewal')) === '1', 'the renewal to run');
  await admin.do('PING'); // by now the proxy has swallowed the reply
  proxy.blackhole(false);
  const next = await claim(store, addressOf(freshTag()));
  expect(await next.home.renew(next.token)).toMatchObject({ outcome: 'held' });
  await answer;
  expect(await next.home.renew(next.token)).toMatchObject({ outcome: 'held' });
  await store.close();
});

test('a home follows its address to another server, whatever the shared connection still reaches', async () => {
  await using other = await startServer();
  let url = server.url;
  const store = createRedisStore({
    name: 'moving',
    keyPrefix: '',
    parserCost: 'high',
    isCluster: false,
    connect: (...args) => driverOf(url).connect(...args),
    close: async () => {},
  });
  const first = await claim(store, addressOf(freshTag()));
  ({ url } = other);
  const second = await claim(store, addressOf(freshTag()));
  expect(second.home.history).not.toBe(first.home.history);
  expect(await first.home.renew(first.token)).toMatchObject({ outcome: 'held' });
  expect(await second.home.renew(second.token)).toMatchObject({ outcome: 'held' });
  await store.close();
});

test('a home that waits for replicas holds up no other', async () => {
  const store = rawStore(server.url);
  const [waiting, other] = (await claimMany(store, 2)) as [Claimed, Claimed];
  const waited = waiting.home.persist(waiting.token, { replicas: 1, fsync: false, timeoutMs: 60_000 });
  const blocked = await waitFor(
    async () => /^id=(\d+) .*cmd=wait/m.exec(String(await admin.do('CLIENT', 'LIST')))?.[1],
    'the wait to begin',
  );
  expect((await commitAll([waiting, other])).every(({ outcome }) => outcome === 'committed')).toBe(true);
  expect(await clients()).toHaveLength(2);
  await admin.do('CLIENT', 'UNBLOCK', blocked); // as if the time were over
  expect(await waited).toBe(false);
  waiting.home.close();
  await untilThereAre(1);
  await store.close();
});
