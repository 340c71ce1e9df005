import { Redis } from 'ioredis';
import { afterEach, describe, expect, inject, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { createIoredisStore, type IoredisConnection } from '@ars/ioredis';
import { DONE, freshTag, roundTrip } from '../../redis-protocol/test/adapter/round-trip.js';

const stores: StreamStore[] = [];
const clients: Redis[] = [];
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  for (const client of clients.splice(0)) client.disconnect();
});

function storeOf(connection: IoredisConnection): StreamStore {
  const store = createIoredisStore(connection);
  stores.push(store);
  return store;
}

function clientOf(options: object): Redis {
  const client = new Redis(inject('redisUrl'), options);
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

  test('options', async () => {
    expect(await roundTrip(storeOf(server()), freshTag())).toEqual(DONE);
  });

  test('a client, which stays usable after the store is closed', async () => {
    const client = clientOf({});
    const store = storeOf(client);
    expect(await roundTrip(store, freshTag())).toEqual(DONE);
    await store.close();
    expect(await client.ping()).toBe('PONG');
  });

  test('a lazy client, which it never connects', async () => {
    const client = clientOf({ lazyConnect: true });
    expect(await roundTrip(storeOf(client), freshTag())).toEqual(DONE);
    expect(client.status).toBe('wait');
  });

  test('a client with RESP3 replies, automatic pipelining, string numbers and a short command timeout', async () => {
    const client = clientOf({
      protocol: 3,
      replyMapping: 'resp3',
      enableAutoPipelining: true,
      stringNumbers: true,
      commandTimeout: 1,
      maxRetriesPerRequest: null,
      readOnly: true,
      reconnectOnError: () => 2,
      lazyConnect: true,
    });
    expect(await roundTrip(storeOf(client), freshTag())).toEqual(DONE);
  });
});

describe('the data lies', () => {
  test('in the chosen database', async () => {
    const tag = freshTag();
    await roundTrip(storeOf({ ...server(), db: 3 }), tag);
    expect(
      await clientOf({ db: 3 }).exists(`{${tag}}in`, `{${tag}}out`, `ars:{${tag}}:consumer:%7B${tag}%7Din:c`),
    ).toBe(3);
    expect(await clientOf({}).exists(`{${tag}}in`)).toBe(0);
  });

  test('behind the key prefix, the keys of the library too', async () => {
    const tag = freshTag();
    await roundTrip(storeOf(clientOf({ keyPrefix: 'app:', lazyConnect: true })), tag);
    const keys = [`app:{${tag}}in`, `app:{${tag}}out`, `app:ars:{${tag}}:consumer:%7B${tag}%7Din:c`];
    expect(await clientOf({}).exists(...keys)).toBe(3);
  });
});
