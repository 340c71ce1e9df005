import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { createRedisStore } from '@ars/redis-protocol';
import { startProxy } from '../../../tests/support/proxy.js';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { waitFor } from '../../../tests/support/wait.js';
import { addressOf, claim, commitOf, driverOf, freshTag, rawStore, Scene } from './support/fixture.js';

let master: TestServer;
let replica: TestServer;
let admin: Scene;
let store: StreamStore;
let knowsWaitaof: boolean;
beforeAll(async () => {
  master = await startServer({ appendonly: true, args: ['--repl-diskless-sync-delay', '0'] });
  replica = await startServer({ args: ['--replicaof', `127.0.0.1 ${master.port}`] });
  admin = await Scene.open(master.url);
  store = rawStore(master.url);
  knowsWaitaof = ((await admin.do('COMMAND', 'INFO', 'WAITAOF')) as unknown[])[0] !== null;
});
beforeEach(async () => {
  await waitFor(async () => /state=online/.test(String(await admin.do('INFO', 'replication'))), 'the replica');
});
afterAll(async () => {
  admin.close();
  await store.close();
  await replica.stop();
  await master.stop();
});

const replicas = (count: number, timeoutMs = 5000) => ({ replicas: count, fsync: false, timeoutMs });
const onDisk = { replicas: 0, fsync: true, timeoutMs: 5000 };

/** A consumer with one commit. */
async function committed(from = store) {
  const claimed = await claim(from, addressOf(freshTag()));
  const commit = commitOf(claimed.base);
  await claimed.home.commit(claimed.token, commit);
  return { ...claimed, base: commit.commitId };
}

describe('what was committed', () => {
  test('is on a replica once persist says so', async () => {
    const { home, token, base } = await committed();
    expect(await home.persist(token, replicas(1))).toBe(true);
    const copy = await Scene.open(replica.url);
    const keys = (await copy.do('KEYS', '*consumer:*')) as string[];
    const commits = await Promise.all(keys.map((key) => copy.do('HGET', key, 'commitId')));
    expect(commits).toContain(base);
    copy.close();
  });

  test('is not said to be on more replicas than there are', async () => {
    const { home, token } = await committed();
    expect(await home.persist(token, replicas(2, 50))).toBe(false);
    expect(await home.persist(token, replicas(1))).toBe(true);
  });

  test('is not said to be on a replica that is paused, until it goes on', async () => {
    const { home, token, base } = await committed();
    expect(await home.persist(token, replicas(1))).toBe(true);
    await replica.kill('SIGSTOP');
    await home.commit(token, commitOf(base));
    expect(await home.persist(token, replicas(1, 200))).toBe(false);
    expect(await home.persist(token, replicas(1, 200))).toBe(false);
    await replica.kill('SIGCONT');
    await waitFor(() => home.persist(token, replicas(1, 500)), 'the replica to have it');
  });

  test('waits for longer than a command may take otherwise', async () => {
    await using proxy = await startProxy(master.port);
    const impatient = createRedisStore(driverOf(proxy.url), { commandTimeoutMs: 150 });
    const { home, token } = await committed(impatient);
    expect(await home.persist(token, replicas(9, 400))).toBe(false);
    proxy.blackhole(true);
    await expect(home.persist(token, replicas(1, 10))).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await impatient.close();
  });

  test('needs no wait where nothing is asked for', async () => {
    const { home, token } = await committed();
    expect(await home.persist(token, replicas(0))).toBe(true);
  });

  test('is on disk once persist says so, where the server can tell', async () => {
    const { home, token } = await committed();
    const answer = home.persist(token, onDisk);
    if (knowsWaitaof) expect(await answer).toBe(true);
    else
      await expect(answer).rejects.toMatchObject({
        code: 'ARS_CONFIGURATION',
        message: expect.stringContaining('Redis 7.2') as string,
      });
  });

  test('by a token that was fenced is never said to be safe', async () => {
    const tag = freshTag();
    const { home, token } = await claim(store, addressOf(tag));
    await claim(store, addressOf(tag));
    expect(await home.persist(token, replicas(1, 50))).toBe(false);
  });

  test('and lost again by the server is told, not waited for', async () => {
    const tag = freshTag();
    const { home, token, base } = await claim(store, addressOf(tag));
    const commit = commitOf(base);
    await home.commit(token, commit);
    await admin.do('HSET', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`, 'commitId', base);
    await expect(home.persist(token, replicas(1))).rejects.toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
      details: { reason: 'HISTORY' },
    });
  });
});

test('a server without an append-only file cannot say that anything is on disk', async () => {
  await using server = await startServer();
  const own = rawStore(server.url);
  const { home, token } = await committed(own);
  await expect(home.persist(token, onDisk)).rejects.toMatchObject({
    code: 'ARS_CONFIGURATION',
    message: expect.stringMatching(knowsWaitaof ? /appendonly yes/ : /Redis 7\.2/) as string,
  });
  await own.close();
});

test('a user without the right to wait is told to grant it', async () => {
  await admin.do('ACL', 'SETUSER', 'hasty', 'on', '>secret', '~*', '+@all', '-wait');
  const own = rawStore(master.url, { user: ['hasty', 'secret'] });
  const { home, token } = await committed(own);
  await expect(home.persist(token, replicas(1))).rejects.toMatchObject({
    code: 'ARS_CONFIGURATION',
    message: expect.stringContaining('+wait') as string,
    details: { reason: 'NOPERM' },
  });
  await own.close();
});

test('another server behind the same address is not taken for the one that was committed to', async () => {
  await using proxy = await startProxy(master.port);
  await using other = await startServer();
  const own = rawStore(proxy.url);
  const { home, token } = await committed(own);
  proxy.retarget(other.port);
  await expect(home.persist(token, replicas(1))).rejects.toMatchObject({
    code: 'ARS_STORE_UNAVAILABLE',
    details: { reason: 'HISTORY' },
  });
  await own.close();
});
