import { defineStream } from '@ars/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeStores, type StoreKit } from '../behaviour/stores.js';
import { failureOf, nextEvent } from '../behaviour/support/deferred.js';
import { typedConsumer } from './support/typed-consumer.js';

const strict = z.object({ n: z.number() });
const tolerant = z.object({ n: z.union([z.number(), z.literal('three').transform(() => 3)]) });

/** Counts numbers and publishes each sum. */
function counter(kit: StoreKit, schema: typeof strict | typeof tolerant, calls: number[] = []) {
  return typedConsumer(kit, {
    stream: defineStream<{ n: number }, { n: number }>(kit.name('in'), { schema: schema as never }),
    state: { sum: 0 },
    handler: ({ n }, transaction) => {
      calls.push(n);
      transaction.state.sum += n;
      transaction.publish(kit.name('out'), { n: transaction.state.sum });
    },
  });
}

describeStores((kit) => {
  const addJson = (...messages: unknown[]) =>
    kit.add(
      'in',
      ...messages.map((message) => ({ json: typeof message === 'string' ? message : JSON.stringify(message) })),
    );
  const moment = () => kit.backend.moment({ consumerId: 'consumer', scope: kit.name('in') }, kit.name('out'));

  test('an invalid message ends the consumer without a retry, names its entry, and is never handled', async () => {
    const ids = await addJson({ n: 1 }, { n: 'three' });
    const calls: number[] = [];
    const consumer = counter(kit, strict, calls);
    let retries = 0;
    consumer.on('retry', () => (retries += 1));
    await consumer.start();
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
      details: { stream: kit.name('in'), consumer: 'consumer', entry: ids[1], paths: ['n'] },
    });
    expect(calls).toEqual([1]);
    expect(retries).toBe(0);
    expect(consumer.stats().failures).toBe(1);
  });

  test('messages before an invalid one are committed, it and later ones are not', async () => {
    const ids = await addJson({ n: 1 }, { n: 2 }, { n: 'three' }, { n: 4 });
    const consumer = counter(kit, strict);
    await consumer.start();
    await failureOf(consumer.closed);
    const { attributes, position, outputs } = await moment();
    expect([attributes, position]).toEqual([{ sum: '3' }, ids[1]]);
    expect(outputs.map(({ message }) => message)).toEqual([{ n: '1' }, { n: '3' }]);
  });

  test('after a fix of the schema the consumer goes on where it stood, each message once', async () => {
    await addJson({ n: 1 }, { n: 2 }, { n: 'three' }, { n: 4 });
    const broken = counter(kit, strict);
    await broken.start();
    await failureOf(broken.closed);
    const calls: number[] = [];
    const fixed = counter(kit, tolerant, calls);
    await fixed.start();
    await fixed.caughtUp();
    expect(calls).toEqual([3, 4]);
    expect(fixed.state).toEqual({ sum: 10 });
    expect(await kit.values('out')).toEqual(['1', '3', '6', '10']);
  });

  test('without a fix, every start ends at the same message and changes nothing more', async () => {
    await addJson({ n: 1 }, { n: 'three' });
    const ends: unknown[] = [];
    const found: unknown[] = [];
    for (let start = 0; start < 3; start += 1) {
      const consumer = counter(kit, strict);
      await consumer.start();
      ends.push(((await failureOf(consumer.closed)) as Error).message);
      found.push(await moment());
    }
    expect(new Set(ends).size).toBe(1);
    expect(found[2]).toEqual(found[0]);
  });

  test('a message that arrives while the consumer runs ends it just the same, and caughtUp rejects with the error', async () => {
    await addJson({ n: 1 });
    const consumer = counter(kit, strict);
    await consumer.start();
    await consumer.caughtUp();
    const committed = nextEvent(consumer as never, 'commit');
    await addJson({ n: 2 }, { n: 'three' });
    const caughtUp = failureOf(consumer.caughtUp());
    await committed;
    expect(await caughtUp).toBe(await failureOf(consumer.closed));
    expect((await moment()).attributes).toEqual({ sum: '3' });
  });

  test.each([
    ['plain fields', { n: 4, m: 5 }],
    ['a field of another name', { text: '{"n":4}' }],
    ['one field too many', { json: '{"n":4}', n: 4 }],
    ['text that is not JSON', { json: '{"n":4' }],
    ['bytes that are not UTF-8', { json: Uint8Array.of(0x22, 0xff, 0x22) }],
    ['a number that JSON would change', { json: '{"n":1e999}' }],
  ])('an entry of another program (%s) ends the consumer as an invalid message', async (_, fields) => {
    await addJson({ n: 1 });
    const [foreign] = await kit.add('in', fields);
    const consumer = counter(kit, strict);
    await consumer.start();
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
      details: { entry: foreign, stream: kit.name('in') },
    });
    expect((await moment()).attributes).toEqual({ sum: '1' });
  });

  test('a schema that throws is an invalid message, with what it threw as the cause', async () => {
    const bug = new TypeError('a bug of the schema');
    const schema = { '~standard': { version: 1, vendor: 'test', validate: () => { throw bug; } } } as const; // prettier-ignore
    await addJson({ n: 1 });
    const consumer = typedConsumer(kit, { stream: defineStream(kit.name('in'), { schema }), handler: () => {} });
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION', cause: bug });
  });

  test('a codec that throws an error of its own is an invalid message, and not retried', async () => {
    const codec = {
      name: 'mine',
      encode: () => ({ fields: ['a', 'b'], bytes: 2 }),
      decode: () => JSON.parse('{') as unknown,
    };
    await addJson({ n: 1 });
    const consumer = typedConsumer(kit, { stream: defineStream(kit.name('in'), { codec }), handler: () => {} });
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
      cause: expect.any(SyntaxError),
    });
  });

  test('a schema that validates asynchronously is refused where it is used, and nothing is committed', async () => {
    const schema = z.object({ n: z.number() }).refine(async () => true);
    const stream = defineStream(kit.name('in'), { schema });
    expect(await failureOf(kit.producer().publish(stream, { n: 1 }))).toMatchObject({ code: 'ARS_CONFIGURATION' });
    expect(await kit.entries('in')).toEqual([]);
    await addJson({ n: 1 });
    const consumer = typedConsumer(kit, { stream, state: { sum: 0 }, handler: () => {} });
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({
      code: 'ARS_CONFIGURATION',
      message: expect.stringContaining('validates asynchronously'),
    });
    expect((await moment()).position).toBe('0-0');
  });
});
