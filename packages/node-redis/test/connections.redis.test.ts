import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createClient, RESP_TYPES } from 'redis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { createNodeRedisStore, type NodeRedisConnection } from '@ars/node-redis';
import { findStartableRedis } from '../../../tests/support/redis.js';
import { startServer } from '../../../tests/support/server.js';
import { driverFor } from '../src/connection-input.js';
import { DONE, freshTag, roundTrip } from '../../redis-protocol/test/adapter/round-trip.js';

const source = await findStartableRedis();
const stores: StreamStore[] = [];
const clients: { isOpen: boolean; destroy(): void }[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const client of clients.splice(0)) if (client.isOpen) client.destroy();
});

function storeOf(connection: NodeRedisConnection): StreamStore {
  const store = createNodeRedisStore(connection);
  stores.push(store);
  return store;
}

function clientOf(options: object = {}) {
  const client = createClient({ url: inject('redisUrl'), ...options });
  clients.push(client);
  return client;
}

const server = () => {
  const { hostname, port } = new URL(inject('redisUrl'));
  return { host: hostname, port: Number(port) };
};

describe('a store works from', () => {
  test('a URL', async () => {
    expect(await roundTrip(storeOf(inject('redisUrl')), freshTag())).toEqual(DONE);
  });

  test('options, which it leaves as they are', async () => {
    const options = { url: inject('redisUrl'), socket: { keepAlive: true } };
    expect(await roundTrip(storeOf(options), freshTag())).toEqual(DONE);
    expect(await roundTrip(storeOf({ socket: server() }), freshTag())).toEqual(DONE);
    expect(options).toEqual({ url: inject('redisUrl'), socket: { keepAlive: true } });
  });

  test('a client, which stays usable after the store is closed', async () => {
    const client = await clientOf().connect();
    const store = storeOf(client);
    expect(await roundTrip(store, freshTag())).toEqual(DONE);
    await store.close();
    expect(await client.ping()).toBe('PONG');
  });

  test('a client that is not connected, and that it never connects', async () => {
    const client = clientOf();
    expect(await roundTrip(storeOf(client), freshTag())).toEqual(DONE);
    expect(client.isOpen).toBe(false);
  });

  test('a client with RESP3 replies of other types, a cache, pings, a queue and short timeouts', async () => {
    const client = clientOf({
      RESP: 3,
      clientSideCache: { maxEntries: 10 },
      pingInterval: 1,
      readonly: true,
      commandsQueueMaxLength: 1,
      disableOfflineQueue: false,
      maintNotifications: 'enabled',
      socket: { reconnectStrategy: 1, socketTimeout: 1, connectTimeout: 1 },
      commandOptions: { timeout: 1, typeMapping: { [RESP_TYPES.NUMBER]: String, [RESP_TYPES.ARRAY]: Set as never } },
    });
    const mapped = client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
    for (const connection of [client, mapped]) expect(await roundTrip(storeOf(connection), freshTag())).toEqual(DONE);
  });
});

describe('a store connects', () => {
  test('as whom the credentials provider names at the time', async () => {
    await using own = await startServer({ args: ['--requirepass', 'right'] });
    let password = 'wrong';
    const client = createClient({
      url: own.url,
      credentialsProvider: { type: 'async-credentials-provider', credentials: async () => ({ password }) },
    });
    const store = storeOf(client);
    await expect(store.openReader()).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
    password = 'right';
    expect(await roundTrip(store, freshTag())).toEqual(DONE);
  });

  test('with the password that the client has at the time', async () => {
    await using own = await startServer({ args: ['--requirepass', 'right'] });
    const client = createClient({ socket: { host: '127.0.0.1', port: own.port }, password: 'wrong' });
    const store = storeOf(client);
    await expect(store.openReader()).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
    client.options.password = 'right';
    expect(await roundTrip(store, freshTag())).toEqual(DONE);
  });

  // A container's socket is not of this machine.
  test.skipIf(source.kind !== 'binary')('through a Unix socket, under the name that the client has', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'ars-socket-'));
    const path = join(dir, 'redis.sock');
    await using _ = await startServer({ args: ['--unixsocket', path] });
    const connection = await driverFor({ socket: { path, tls: false }, name: 'mine' }).connect('control', '', 1000);
    expect(String(await connection.send(['CLIENT', 'GETNAME']))).toBe('mine');
    connection.close();
    await rm(dir, { recursive: true });
  });
});

describe('the data lies', () => {
  test('in the chosen database', async () => {
    const tag = freshTag();
    await roundTrip(storeOf({ socket: server(), database: 3 }), tag);
    const client = await clientOf({ database: 3 }).connect();
    expect(await client.exists([`{${tag}}in`, `{${tag}}out`, `ars:{${tag}}:consumer:%7B${tag}%7Din:c`])).toBe(3);
    expect(await (await clientOf().connect()).exists(`{${tag}}in`)).toBe(0);
  });

  test('behind the key prefix, the keys of the library too', async () => {
    const tag = freshTag();
    await roundTrip(storeOf(clientOf({ keyPrefix: 'app:' })), tag);
    const keys = [`app:{${tag}}in`, `app:{${tag}}out`, `app:ars:{${tag}}:consumer:%7B${tag}%7Din:c`];
    expect(await (await clientOf().connect()).exists(keys)).toBe(3);
  });
});
