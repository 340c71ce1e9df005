import { createServer, type Server } from 'node:net';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { AddressInfo } from 'node:net';
import { createRedisStore } from '@ars/redis-protocol';
import { startCluster } from '../../../tests/support/cluster.js';
import { startServer } from '../../../tests/support/server.js';
import { freshTag, rawStore, Scene } from './support/fixture.js';
import { RawDriver } from './support/raw-driver.js';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A server that answers every command with the same text, as a bulk string or an error. */
async function answering(reply: string): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const _ of chunk.toString().matchAll(/INFO/g)) socket.write(reply);
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `redis://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const bulk = (text: string) => `$${text.length}\r\n${text}\r\n`;

describe('a connection is refused', () => {
  test('by what is too old, naming the version', async () => {
    const url = await answering(bulk('redis_version:6.2.14\r\nredis_mode:standalone\r\nrole:master'));
    await expect(rawStore(url).openReader()).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      message: expect.stringContaining('6.2.14') as string,
    });
  });

  test('by a server that is loading', async () => {
    const url = await answering(bulk('redis_version:7.0.15\r\nredis_mode:standalone\r\nrole:master\r\nloading:1'));
    await expect(rawStore(url).openReader()).rejects.toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
      details: { reason: 'LOADING', ran: false },
    });
  });

  test.each(['LOADING Redis is loading', 'MASTERDOWN Link down', 'ERR max number of clients reached'])(
    'for now by %s',
    async (text) => {
      const url = await answering(`-${text}\r\n`);
      await expect(rawStore(url).openReader()).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    },
  );

  test('by a replica', async () => {
    const { hostname, port } = new URL(inject('redisUrl'));
    await using replica = await startServer({ args: ['--replicaof', `${hostname} ${port}`] });
    await expect(rawStore(replica.url).openReader()).rejects.toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
      details: { reason: 'READONLY' },
    });
  });

  test('where nobody listens, naming the address', async () => {
    const failed = rawStore('redis://127.0.0.1:1').openReader();
    await expect(failed).rejects.toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
      message: expect.stringContaining('127.0.0.1:1') as string,
    });
  });

  test('for a wrong password, without telling it', async () => {
    await using server = await startServer({ args: ['--requirepass', 'right'] });
    const failure = await rawStore(server.url, { user: ['default', 'wr0ng!'] })
      .openReader()
      .catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'ARS_CONFIGURATION', details: { reason: 'WRONGPASS' } });
    expect(String((failure as Error).stack)).not.toContain('wr0ng!');
    await expect(rawStore(server.url).openReader()).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { reason: 'NOAUTH' },
    });
  });

  test('by a node of a cluster, when the client is not for clusters', async () => {
    await using cluster = await startCluster();
    await expect(rawStore(cluster.url).openReader()).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      message: expect.stringContaining('Cluster') as string,
    });
    await slotsAgree(cluster.url);
  });
});

/** The slots of awkward keys, computed here and by the server. */
async function slotsAgree(url: string): Promise<void> {
  const { hashSlot } = await import('@ars/redis-protocol');
  const scene = await Scene.open(url);
  const keys = [
    '',
    'a',
    'orders',
    '{orders}',
    '{orders}:1',
    'a}b',
    '{}orders',
    '{{x}}y',
    'x{y',
    'a{b}{c}',
    'naïve{é}',
    '123456789',
    freshTag(),
  ];
  for (const key of keys) expect([key, hashSlot(key)]).toEqual([key, await scene.do('CLUSTER', 'KEYSLOT', key)]);
  scene.close();
}

test('a restarted server has another history', async () => {
  await using server = await startServer();
  const store = rawStore(server.url);
  const before = await store.openReader();
  await server.restart();
  const after = await store.openReader();
  expect(after.history).not.toBe(before.history);
  expect((await store.openReader()).history).toBe(after.history);
  await store.close();
});

test('a store says which option is wrong', () => {
  const driver = new RawDriver('redis://127.0.0.1:1');
  const options: Record<string, unknown>[] = [
    { conectTimeoutMs: 1 },
    { commandTimeoutMs: 0 },
    { connectTimeoutMs: '5' },
    { idempotencyKeysMax: 1.5 },
    { name: '' },
  ];
  for (const wrong of options) expect(() => createRedisStore(driver, wrong)).toThrow(Object.keys(wrong)[0]);
});
