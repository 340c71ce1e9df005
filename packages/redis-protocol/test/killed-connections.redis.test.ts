import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createRedisStore, type RedisConnection, type RedisDriver } from '@ars/redis-protocol';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { waitFor } from '../../../tests/support/wait.js';
import { addressOf, claim, commitOf, driverOf, freshTag, Scene } from './support/fixture.js';

let server: TestServer;
let scene: Scene;
let connections: RedisConnection[];
beforeAll(async () => {
  server = await startServer();
  scene = await Scene.open(server.url);
});
beforeEach(() => {
  connections = [];
});
afterAll(async () => {
  scene.close();
  await server.stop();
});

/** The driver under test, with its connections noted. */
function notedDriver(): RedisDriver {
  const driver = driverOf(server.url);
  const connect: RedisDriver['connect'] = async (...args) => {
    const connection = await driver.connect(...args);
    connections.push(connection);
    return connection;
  };
  return { ...namesOf(driver), connect, close: () => driver.close() };
}

function namesOf({ name, keyPrefix, parserCost, isCluster }: RedisDriver): Omit<RedisDriver, 'connect' | 'close'> {
  return { name, keyPrefix, parserCost, isCluster };
}

/** Has the server end every connection but the asking one, and waits until the clients have seen it. */
async function killAll(): Promise<void> {
  await scene.do('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
  await waitFor(() => connections.every(({ isOpen }) => !isOpen), 'every connection to see its end');
}

describe('a connection that was killed while it was idle', () => {
  test('is not used by the next append without a key, which appends one entry', async () => {
    const store = createRedisStore(notedDriver());
    const stream = `{${freshTag()}}s`;
    const append = () => store.append({ stream, fields: ['f', 'v'], idempotencyKey: undefined });
    const first = await append();
    await killAll();
    const second = await append();
    expect(await scene.do('XRANGE', stream, '-', '+')).toEqual([first, second].map(({ id }) => [id, ['f', 'v']]));
    expect(connections).toHaveLength(2);
    await store.close();
  });

  test('fails the commit of a home, of which it is known that it did not run', async () => {
    const store = createRedisStore(notedDriver());
    const { home, token, base } = await claim(store, addressOf(freshTag()));
    await killAll();
    await expect(home.commit(token, commitOf(base))).rejects.toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
      details: { reason: 'CONNECTION', ran: false },
    });
    await store.close();
  });
});
