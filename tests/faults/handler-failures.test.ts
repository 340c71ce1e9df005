import {
  binaryCodec,
  defineStream,
  StreamConsumer,
  type NoState,
  type StreamChoice,
  type StreamConsumerOptions,
} from '@ars/core';
import type { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { z } from 'zod';
import { expectExact } from './checker.js';
import { CLIENTS, createStore, type ClientKind } from './clients.js';
import {
  between,
  foldsThrough,
  placeOf,
  positionOf,
  seededRandom,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { fold } from './programs/fold.mjs';
import { report } from './report.js';

const NOT_UTF8 = Buffer.of(0x61, 0xff, 0x62);

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test.each([
    {
      name: 'throws',
      fail: (error: Error) => {
        throw error;
      },
    },
    { name: 'rejects', fail: (error: Error) => Promise.reject(error) },
  ])('a handler that $name after it changed state and published leaves nothing of that try', async ({ fail }) => {
    const random = seededRandom();
    const { server, client } = await startOwnServer();
    const place = placeOf('failing');
    const failures = new Map(
      Array.from({ length: 60 }, () => [`m${between(random, 1, 1_500)}`, between(random, 1, 3)]),
    );
    const injected = [...failures.values()].reduce((total, count) => total + count, 0);
    await writeMessages(client, place, 1_500);
    const running = await startFold(server.url, place, {
      consumer: {
        retry: { minDelayMs: 1, maxDelayMs: 5 },
        batch: { maxMessages: 100 },
        handler: (message, transaction) => {
          fold(message, transaction, place.target);
          const left = failures.get(message['n']!) ?? 0;
          if (left === 0) return undefined;
          failures.set(message['n']!, left - 1);
          transaction.state.totals = {};
          transaction.publish(`${place.target}:never`, { n: message['n']! });
          return fail(new Error('injected'));
        },
      },
    });
    await untilDone(client, place);
    await running.consumer.caughtUp();
    expect(running.retries.length).toBe(injected);
    expect(await client.exists(`${place.target}:never`)).toBe(0);
    report('handler fails', { faults: injected, ...(await expectExact(client, place)) });
  });

  test('an invalid or undecodable message is not retried: it ends the consumer, with all before it committed', async () => {
    const { server, client } = await startOwnServer();
    const orders = defineStream('orders', { schema: z.object({ n: z.number() }) });
    for (const [round, wrong] of ['{"n":"four"}', '{"n":4', ''].entries()) {
      const consumerId = `reader-${round}`;
      await client.del('orders');
      for (const json of ['{"n":1}', '{"n":2}', wrong, '{"n":5}']) await client.xadd('orders', '*', 'json', json);
      const [, second, third] = (await client.xrange('orders', '-', '+')).map(([id]) => id);
      const seen: number[] = [];
      const consumer = consumerOf(library, server.url, {
        stream: orders,
        consumerId,
        handler: ({ n }: { n: number }) => seen.push(n),
      });
      let retries = 0;
      consumer.on('retry', () => (retries += 1));
      await consumer.start();
      await expect(consumer.closed).rejects.toMatchObject({
        code: 'ARS_MESSAGE_VALIDATION',
        details: { entry: third },
      });
      expect([seen, retries]).toEqual([[1, 2], 0]);
      expect(await positionOf(client, { stream: 'orders', consumerId, target: '' })).toBe(second);
    }
    report('invalid message', { faults: 3, messages: 6 });
  });

  test('bytes that are not UTF-8 fail their message, and pass intact through a stream declared as binary', async () => {
    const { server, client } = await startOwnServer();
    await client.xadd('raw', '*', 'n', '1');
    await client.xadd('raw', '*', 'n', NOT_UTF8);
    const text = consumerOf(library, server.url, { stream: 'raw', consumerId: 'text', handler: () => {} });
    await text.start();
    await expect(text.closed).rejects.toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    const binary = consumerOf(library, server.url, {
      stream: defineStream('raw', { codec: binaryCodec }),
      consumerId: 'binary',
      handler: (message, transaction) => transaction.publish('copy', message),
    });
    await binary.start();
    await binary.caughtUp();
    expect(await bytesOf(client, 'copy')).toEqual(await bytesOf(client, 'raw'));
    report('bytes that are not text', { faults: 1, messages: 3 });
  });
});

/** A consumer without state; it stops with the test. */
function consumerOf<const D extends StreamChoice>(
  library: ClientKind,
  url: string,
  options: Pick<StreamConsumerOptions<NoState, D>, 'stream' | 'consumerId' | 'handler'>,
): StreamConsumer<NoState, D> {
  const store = createStore(library, url);
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const consumer = new StreamConsumer<NoState, D>({ ...options, store, logger });
  onTestFinished(async () => {
    await consumer.stop();
    await store.close();
  });
  return consumer;
}

async function bytesOf(client: Redis, stream: string): Promise<string[]> {
  const entries = await client.xrangeBuffer(stream, '-', '+');
  return entries.map(([, fields]) => fields.map((field) => field.toString('hex')).join());
}
