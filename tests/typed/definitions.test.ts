import * as core from '@ars/core';
import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { processed, receive, typedConsumer } from './support/typed-consumer.js';

const { binaryCodec, defineStream, fieldsCodec, Persistable } = core;
const numbered = z.object({ n: z.number() });

describeStores((kit) => {
  test('a list of typed streams: each message is decoded by the stream it came from', async () => {
    const texts = defineStream(kit.name('a'), { schema: z.object({ text: z.string() }) });
    const numbers = defineStream(kit.name('b'), { schema: numbered });
    await kit.producer().publish(texts, { text: 'x' });
    await kit.producer().publish(numbers, { n: 1 });
    const seen = new Map<string, unknown>();
    await processed(kit, {
      stream: [texts, numbers],
      handler: (message, { entry }) => seen.set(entry.stream, message),
    });
    expect([seen.get(texts.name), seen.get(numbers.name)]).toEqual([{ text: 'x' }, { n: 1 }]);
  });

  test('a list of names and definitions: plain streams give fields, typed ones their messages', async () => {
    const typed = defineStream(kit.name('a'), { schema: numbered });
    const blobs = defineStream(kit.name('c'), { codec: binaryCodec });
    await kit.producer().publish(typed, { n: 1 });
    await kit.add('b', { n: 1 });
    await kit.producer().publish(blobs, { n: '1' });
    const seen: unknown[][] = [];
    await processed(kit, {
      stream: [typed, kit.name('b'), blobs],
      handler: (message, { entry }) => seen.push([entry.stream, message]),
    });
    expect(new Map(seen as [string, unknown][])).toEqual(
      new Map<string, unknown>([[typed.name, { n: 1 }], [kit.name('b'), { n: '1' }], [blobs.name, { n: Buffer.from('1') }]]), // prettier-ignore
    );
  });

  test('an invalid message in one stream of a list ends the consumer and keeps the position of the others', async () => {
    const [a, b] = [
      defineStream(kit.name('a'), { schema: numbered }),
      defineStream(kit.name('b'), { schema: numbered }),
    ];
    await kit.producer().publish(a, { n: 1 });
    const [bad] = await kit.add('b', { json: '{"n":"x"}' });
    const calls: string[] = [];
    const start = async (stream: readonly [typeof a, typeof b]) => {
      const consumer = typedConsumer(kit, { stream, handler: (_, { entry }) => void calls.push(entry.stream) });
      await consumer.start();
      return failureOf(consumer.closed);
    };
    expect(await start([a, b])).toMatchObject({ details: { stream: b.name, entry: bad } });
    await start([a, b]);
    expect(calls.filter((stream) => stream === a.name).length).toBeLessThanOrEqual(1);
    expect(calls).not.toContain(b.name);
  });

  test('one stream in a list twice, by name and by definition, is refused', () => {
    const typed = defineStream(kit.name('a'), { schema: numbered });
    for (const stream of [
      [typed, kit.name('a')],
      [typed, typed],
      [typed, defineStream(kit.name('a'), { codec: fieldsCodec })],
    ]) {
      expect(() => typedConsumer(kit, { stream, handler: () => {} })).toThrow(
        expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'stream' } }),
      );
    }
  });

  test('a stream defined twice with different schemas: everyone goes by the definition given', async () => {
    const early = defineStream(kit.name('in'), { schema: numbered });
    const late = defineStream(kit.name('in'), { schema: z.object({ n: z.number(), unit: z.string().default('m') }) });
    const loose = defineStream(kit.name('in'), { codec: core.jsonCodec });
    await kit.producer().publish(early, { n: 1 });
    await kit.producer().publish(late, { n: 2, unit: 'km' });
    expect(await receive(kit, early, 'early')).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await receive(kit, late, 'late')).toEqual([{ n: 1, unit: 'm' }, { n: 2, unit: 'km' }]); // prettier-ignore
    expect(await receive(kit, loose, 'loose')).toEqual([{ n: 1 }, { n: 2, unit: 'km' }]);
    expect(await receive(kit, kit.name('in'), 'fields')).toEqual([
      { json: '{"n":1}' },
      { json: '{"n":2,"unit":"km"}' },
    ]);
  });

  test('a Persistable handler gets typed messages, and its attributes commit with what it publishes', async () => {
    const orders = defineStream(kit.name('in'), { schema: numbered });
    const sums = defineStream(kit.name('out'), { schema: z.object({ sum: z.number() }) });
    class Summer extends Persistable.with({ sum: 0 }) {
      readonly uniqueId = 'summer';
      handle({ n }: z.output<typeof numbered>, transaction: core.Transaction): void {
        this.sum += n;
        transaction.publish(sums, { sum: this.sum });
      }
    }
    for (const n of [1, 2, 3]) await kit.producer().publish(orders, { n });
    const handler = new Summer();
    await (await processed(kit, { stream: orders, handler })).stop();
    expect(handler.sum).toBe(6);
    expect(await receive(kit, sums)).toEqual([{ sum: 1 }, { sum: 3 }, { sum: 6 }]);
    const again = new Summer();
    await processed(kit, { stream: orders, handler: again });
    expect(again.sum).toBe(6);
  });

  test('definitions made by another copy of the library work, and so do its errors', async () => {
    vi.resetModules();
    const copy = await import('@ars/core');
    expect(copy.defineStream).not.toBe(defineStream);
    const orders = copy.defineStream(kit.name('in'), { schema: numbered });
    const blobs = copy.defineStream(kit.name('out'), { codec: copy.binaryCodec });
    await kit.producer().publish(orders, { n: 1 });
    const error = await failureOf(kit.producer().publish(orders, { n: 'x' as never }));
    expect(error).not.toBeInstanceOf(core.MessageValidationError);
    expect(core.isArsError(error, 'ARS_MESSAGE_VALIDATION')).toBe(true);
    await processed(kit, {
      stream: orders,
      handler: ({ n }, tx) => tx.publish(blobs, { n, blob: Uint8Array.of(255) }),
    });
    expect(await receive(kit, blobs)).toEqual([{ n: Buffer.from('1'), blob: Buffer.of(255) }]);
    const [bad] = await kit.add('in', { json: '{}' });
    const consumer = typedConsumer(kit, { stream: orders, handler: () => {} });
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION', details: { entry: bad } });
  });

  test('a Persistable of another copy of the library is refused: its attributes would be lost without a word', async () => {
    vi.resetModules();
    const copy = await import('@ars/core');
    class Counter extends copy.Persistable.with({ count: 0 }) {
      readonly uniqueId = 'counter';
      handle(_message: core.Fields): void {
        this.count += 1;
      }
    }
    expect(() => typedConsumer(kit, { stream: kit.name('in'), handler: new Counter() })).toThrow(
      expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'handler' } }),
    );
  });

  test('a definition written by hand works as one of defineStream', async () => {
    const lines: core.StreamDefinition<string, string> = {
      name: kit.name('in'),
      encode: (line) => ({ fields: ['line', line], bytes: line.length }),
      decode: (fields) => String(fields[1]),
    };
    await kit.producer().publish(lines, 'first');
    expect(await receive(kit, lines)).toEqual(['first']);
  });

  test('what is not a stream is refused by publish, by the consumer and by the producer', async () => {
    const wrong = [
      '',
      '\ud800',
      5,
      null,
      undefined,
      {},
      { name: 'x' },
      { name: '', encode() {}, decode() {} },
      { name: 7, encode() {}, decode() {} },
    ];
    await kit.add('in', { n: 1 });
    for (const stream of wrong as never[]) {
      expect(await failureOf(kit.producer().publish(stream, {} as never))).toMatchObject({
        code: 'ARS_CONFIGURATION',
        details: { option: 'stream' },
      });
      expect(() => typedConsumer(kit, { stream, handler: () => {} })).toThrow(
        expect.objectContaining({ code: 'ARS_CONFIGURATION' }),
      );
      const consumer = typedConsumer(kit, {
        stream: kit.name('in'),
        handler: (_, tx) => tx.publish(stream, {} as never),
      });
      await consumer.start();
      expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_CONFIGURATION' });
    }
  });
});
