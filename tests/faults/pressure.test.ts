import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { StreamConsumer } from '@ars/core';
import type { Redis } from 'ioredis';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startServer, type TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { type ClientKind, CLIENTS, createStore } from './clients.js';
import { connectClient, isSoak, startOwnServer } from './harness.js';
import { report } from './report.js';

/** A slow handler lets more arrive than it takes, so that is the one of the default run. */
const VARIANTS: readonly (readonly [ClientKind, boolean])[] = isSoak
  ? CLIENTS.flatMap((client) => [[client, false] as const, [client, true] as const])
  : [['ioredis', true]];
const PROGRAM = fileURLToPath(new URL('programs/pressure.mjs', import.meta.url));
const ENTRIES = 1_000;
const ENTRY_BYTES = 1_000_000;

/**
 * Of 1 GB in all, 4 MiB may be read ahead, as much may be in work, and each exists as bytes received, as text and as
 * garbage not collected yet. What grows with the stream would be five times as much.
 */
const GROWTH_MB_MAX = 200;

interface Outcome {
  readonly handled: number;
  readonly bytes: number;
  readonly growth: { readonly rss: number; readonly heapUsed: number; readonly external: number };
  readonly left: number;
}

describe('1 GB of entries of 1 MB', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startServer();
    const { Redis: Client } = await import('ioredis');
    const client = new Client(server.url);
    const body = Buffer.alloc(ENTRY_BYTES, 'x');
    for (let n = 0; n < ENTRIES; n += 1) await client.xadd('large', '*', 'n', n, 'body', body);
    client.disconnect();
    return () => server.stop();
  });

  test.each(VARIANTS)('through %s take little memory (slow handler: %s)', async (client, isSlow) => {
    const looking = connectClient(server.url);
    await looking.del(...(await looking.keys('ars:*')), `out`);
    const plan = { client, url: server.url, stream: 'large', target: '{large}out', count: ENTRIES, isSlow };
    const { handled, bytes, growth, left } = await consume(plan);
    expect([handled, bytes]).toEqual([ENTRIES, ENTRIES * ENTRY_BYTES]);
    expect(growth.rss, `growth in MB: ${JSON.stringify(growth)}`).toBeLessThan(GROWTH_MB_MAX);
    expect(growth.heapUsed + growth.external).toBeLessThan(GROWTH_MB_MAX);
    expect(left).toBeLessThan(20);
    report('cost', { messages: handled });
  });
});

async function consume(plan: Record<string, unknown>): Promise<Outcome> {
  const options = { execArgv: ['--expose-gc'] };
  const child = fork(PROGRAM, [JSON.stringify(plan)], options);
  onTestFinished(() => void child.kill('SIGKILL'));
  return new Promise((resolve, reject) => {
    child.once('message', (outcome) => resolve(outcome as Outcome));
    child.once('exit', (code) => reject(new Error(`ended with ${code} before it told anything`)));
  });
}

describe.each(isSoak ? CLIENTS : (['ioredis'] as const))('through %s', (library) => {
  test('a hundred consumers of one store read on a connection each, and commit on one', async () => {
    const { server, client } = await startOwnServer();
    const store = createStore(library, server.url);
    onTestFinished(() => store.close());
    const consumers = [];
    for (let one = 0; one < 100; one += 1) {
      const consumer = new StreamConsumer({
        store,
        stream: `{many}in-${one}`,
        consumerId: `consumer-${one}`,
        state: { count: 0 },
        handler: (_, transaction) => {
          transaction.state.count += 1;
          transaction.publish(`{many}out-${one}`, { count: transaction.state.count });
        },
        logger: quiet,
      });
      onTestFinished(() => consumer.stop());
      consumers.push(consumer);
    }
    await Promise.all(consumers.map((consumer) => consumer.start()));
    // Connections that were opened to find out where they lead are given up soon.
    await waitFor(async () => (await connections(client)) <= 101, 'a hundred readers and one connection for commits');
    for (let one = 0; one < 100; one += 1)
      for (let n = 0; n < 10; n += 1) await client.xadd(`{many}in-${one}`, '*', 'n', n);
    await waitFor(async () => (await client.xlen('{many}out-99')) === 10, 'the last consumer to get on');
    await Promise.all(consumers.map((consumer) => consumer.caughtUp()));
    for (const consumer of consumers) expect(consumer.state).toEqual({ count: 10 });
    // One more asks for what concerns no consumer, such as the end of a stream.
    expect(await connections(client)).toBeLessThanOrEqual(102);
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await store.close();
    await waitFor(async () => (await connections(client)) === 0, 'every connection to end');
    report('cost', { messages: 1_000 });
  });

  test('connections that are cut under a hundred consumers are shared again afterwards', async () => {
    const { server, client } = await startOwnServer();
    const store = createStore(library, server.url);
    onTestFinished(() => store.close());
    const consumers = Array.from({ length: 100 }, (_, one) => {
      const stream = `{many}in-${one}`;
      const consumer = new StreamConsumer({
        store,
        stream,
        consumerId: 'c',
        state: { count: 0 },
        logger: quiet,
        handler,
      });
      onTestFinished(() => consumer.stop());
      return consumer;
    });
    await Promise.all(consumers.map((consumer) => consumer.start()));
    for (let cut = 1; cut <= 3; cut += 1) {
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
      for (let one = 0; one < 100; one += 1) await client.xadd(`{many}in-${one}`, '*', 'n', cut);
      const isDone = () => consumers.every(({ state }) => state.count === cut);
      await waitFor(isDone, 'every consumer to get on', 20_000);
    }
    await waitFor(async () => (await connections(client)) <= 102, 'the connections to be shared again');
    report('reply lost or connection cut', { faults: 3, messages: 300 });
  });
});

const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

function handler(_: unknown, transaction: { state: { count: number } }): void {
  transaction.state.count += 1;
}

/** How many connections the server has, beside the one that asks. */
async function connections(client: Redis): Promise<number> {
  return ((await client.client('LIST')) as string).trim().split('\n').length - 1;
}
