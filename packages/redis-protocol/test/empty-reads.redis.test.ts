import { StreamConsumer, type StreamStore } from '@ars/core';
import { createRedisStore, type RedisConnection, type RedisDriver, type RedisReply } from '@ars/redis-protocol';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { waitFor } from '../../../tests/support/wait.js';
import { driverOf, freshTag, Scene } from './support/fixture.js';

type Command = readonly (string | Uint8Array)[];

/** What is to happen on the server just before a command of a reader arrives there; undefined for nothing. */
type Interlude = (command: Command) => Promise<unknown> | undefined;

/** Connections whose commands arrive in order, but with commands of others in between where the test says so. */
function interposed(driver: RedisDriver, interlude: Interlude): RedisDriver {
  return {
    name: driver.name,
    keyPrefix: driver.keyPrefix,
    isCluster: driver.isCluster,
    parserCost: 'low', // whatever the client, so that reads are plain and not of one step
    close: () => driver.close(),
    connect: async (purpose, key, timeoutMs) => {
      const connection = await driver.connect(purpose, key, timeoutMs);
      return purpose === 'read' ? new InterposedConnection(connection, interlude) : connection;
    },
  };
}

class InterposedConnection implements RedisConnection {
  readonly #connection: RedisConnection;
  readonly #interlude: Interlude;
  #queue: Promise<unknown> = Promise.resolve();
  #isWanted = true;

  constructor(connection: RedisConnection, interlude: Interlude) {
    this.#connection = connection;
    this.#interlude = interlude;
  }

  get node(): string | undefined {
    return this.#connection.node;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** One after another: when a command's turn has come, all before it have been answered. */
  send(args: Command): Promise<RedisReply> {
    const reply = this.#queue.then(async () => {
      await (this.#isWanted ? this.#interlude(args) : undefined);
      return this.#connection.send(args);
    });
    this.#queue = reply.catch(() => {});
    return reply;
  }

  close(): void {
    this.#isWanted = false;
    this.#connection.close();
  }
}

let server: TestServer;
let scene: Scene;
let a: string;
let b: string;
beforeEach(async () => {
  server = await startServer();
  scene = await Scene.open(server.url);
  const tag = freshTag();
  a = `{${tag}}a`;
  b = `{${tag}}b`;
});
afterEach(async () => {
  scene.close();
  await server.stop();
});

/** Whether a connection waits in the server. */
const areBlocked = async () => /blocked_clients:[1-9]/.test(String(await scene.do('INFO', 'clients')));

const storeWith = (interlude: Interlude): StreamStore =>
  createRedisStore(interposed(driverOf(server.url, { parserCost: 'low' }), interlude), {
    commandTimeoutMs: 10_000,
    connectTimeoutMs: 3_000,
  });

test.each([
  ['that waits', 5_000, '1-0'],
  ['that waits, behind an entry that is gone', 5_000, '0-5'],
  ['that does not wait', 0, '1-0'],
])(
  'a read %s never answers "none up to the last ID" for an entry that it did not read',
  async (_, waitMs, position) => {
    let isArmed = false;
    const store = storeWith((command) => {
      if (!isArmed || !command.includes('XINFO') || !command.includes(b)) return undefined;
      isArmed = false;
      return scene.do('XADD', b, '2-0', 'n', '2'); // after the look at the entries, before the look at the stream
    });
    await scene.do('XADD', a, '1-0', 'n', '1');
    await scene.do('XADD', b, position, 'n', '1');
    const reader = await store.openReader();
    const common = { maxEntries: 100, maxBytes: 1e6 };
    const from = [a, b].map((stream) => ({ stream, position: '0-0', read: 0 }));
    const learnt = await reader.read({ ...common, cursors: from, waitMs: 0 });
    if (position !== '1-0') await scene.do('XDEL', b, position);
    isArmed = true;
    const reading = reader.read({ ...common, cursors: learnt.map(({ cursor }) => cursor), waitMs });
    if (waitMs > 0) {
      await waitFor(areBlocked, 'the reader to wait');
      await scene.do('XADD', a, '2-0', 'n', '2');
    }
    const [, read] = await reading;
    expect(isArmed).toBe(false);
    expect(read).toMatchObject({ entries: [{ id: '2-0' }], cursor: { position: '2-0', read: 2 }, lastId: '2-0' });
    reader.close();
    await store.close();
  },
);

test('caughtUp never resolves before an entry is handled that came into one stream just after the wait for both', async () => {
  const handled: string[] = [];
  let onHandled = (): void => {};
  const isHandled = new Promise<void>((resolve) => (onHandled = resolve));
  let stage: 'before' | 'between' | 'after' = 'before';
  let caughtUp: Promise<string[]> | undefined;
  const store = storeWith((command) => {
    if (stage === 'between' && command.includes('XINFO') && command.includes(b)) {
      stage = 'after';
      return scene.do('XADD', b, '2-0', 'n', '2').then(() => void (caughtUp = askCaughtUp()));
    }
    // The next read of both streams waits until it is decided which of the two comes first.
    const isNext = stage === 'after' && command.includes(a) && command.includes(b);
    return isNext ? Promise.race([caughtUp, isHandled]) : undefined;
  });
  for (const stream of [a, b]) await scene.do('XADD', stream, '1-0', 'n', '1');
  const logger = { debug() {}, info() {}, warn() {}, error() {} };
  const consumer = new StreamConsumer<Record<string, unknown>, readonly string[]>({
    store,
    stream: [a, b],
    consumerId: 'c',
    logger,
    handler: (_, { entry }) => {
      handled.push(`${entry.stream} ${entry.id}`);
      if (entry.stream === b && entry.id === '2-0') onHandled();
    },
  });
  const askCaughtUp = () => consumer.caughtUp().then(() => [...handled]);
  await consumer.start();
  await consumer.caughtUp();
  await waitFor(areBlocked, 'the consumer to wait');
  stage = 'between';
  await scene.do('XADD', a, '2-0', 'n', '2');
  await isHandled;
  expect(await caughtUp).toContain(`${b} 2-0`);
  await consumer.stop();
  await store.close();
});
