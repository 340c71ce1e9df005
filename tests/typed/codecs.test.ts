import { binaryCodec, type Codec, defineStream, fieldsCodec, serializerCodec, type Transaction } from '@ars/core';
import { msgpackSerializer } from '@ars/msgpack';
import { superjsonSerializer } from '@ars/superjson';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { describeStores } from '../behaviour/stores.js';
import { failureOf } from '../behaviour/support/deferred.js';
import { processed, receive, typedConsumer } from './support/typed-consumer.js';

/** Bytes that are no UTF-8, that look like it, and none. */
const BYTES = {
  all: Uint8Array.from({ length: 256 }, (_, index) => index),
  lone: Uint8Array.of(0xc3),
  surrogate: Uint8Array.of(0xed, 0xa0, 0x80),
  replacement: new TextEncoder().encode('\ufffd'),
  bom: Uint8Array.of(0xef, 0xbb, 0xbf, 0x61),
  text: new TextEncoder().encode('grün 🌱'),
  empty: new Uint8Array(),
};

const asLists = (message: unknown): unknown =>
  Object.entries(message as Record<string, Uint8Array>).map(([name, bytes]) => [name, [...bytes]]);

describeStores((kit) => {
  test('fieldsCodec: fields are stored as they are, and come out as strings', async () => {
    const plain = defineStream(kit.name('in'), { codec: fieldsCodec });
    await kit
      .producer()
      .publish(plain, { text: 'grün 🌱', n: 1.5, big: 2n ** 70n, bytes: new TextEncoder().encode('b') });
    const fields = { text: 'grün 🌱', n: '1.5', big: String(2n ** 70n), bytes: 'b' };
    expect((await kit.entries('in'))[0]!.message).toEqual(fields);
    expect(await receive(kit, plain)).toEqual([fields]);
  });

  test('fieldsCodec with a schema: each field is checked and coerced where it is read', async () => {
    const readings = defineStream(kit.name('in'), {
      codec: fieldsCodec,
      schema: z.object({
        sensor: z.string(),
        celsius: z
          .string()
          .regex(/^-?\d+$/)
          .transform(Number),
      }),
    });
    await kit.producer().publish(readings, { sensor: 'roof', celsius: '-3' });
    await kit.add('in', { sensor: 'cellar', celsius: '8', written: 'by another program' });
    expect(await receive(kit, readings)).toEqual([
      { sensor: 'roof', celsius: -3 },
      { sensor: 'cellar', celsius: 8 },
    ]);
  });

  test('binaryCodec: any bytes survive from a producer to a handler', async () => {
    const blobs = defineStream(kit.name('in'), { codec: binaryCodec });
    await kit.producer().publish(blobs, BYTES);
    expect((await receive(kit, blobs)).map(asLists)).toEqual([asLists(BYTES)]);
  });

  test('binaryCodec: any bytes survive through a handler that publishes what it got', async () => {
    const [from, to] = [
      defineStream(kit.name('in'), { codec: binaryCodec }),
      defineStream(kit.name('out'), { codec: binaryCodec }),
    ];
    await kit.backend.addBytes(kit.name('in'), Object.entries(BYTES).flat());
    await processed(kit, { stream: from, handler: (message, transaction) => transaction.publish(to, message) });
    expect((await receive(kit, to)).map(asLists)).toEqual([asLists(BYTES)]);
  });

  test('binaryCodec: bytes changed after publishing are stored as they were published', async () => {
    const out = defineStream(kit.name('out'), { codec: binaryCodec });
    await kit.add('in', { n: 1 });
    const handler = (
      _: unknown,
      transaction: { publish(stream: typeof out, message: Record<string, Uint8Array>): void },
    ): void => {
      const buffer = Buffer.of(0xff, 1);
      transaction.publish(out, { buffer });
      buffer[0] = 0;
    };
    await processed(kit, { stream: kit.name('in'), handler });
    expect((await receive(kit, out)).map(asLists)).toEqual([[['buffer', [0xff, 1]]]]);
  });

  test("a codec of one's own may use its buffer again: what was published is what is stored", async () => {
    const buffer = new Uint8Array(2);
    const pooled: Codec<number, number> = {
      name: 'pooled',
      encode(n) {
        buffer.set([0xff, n]);
        return { fields: ['n', buffer], bytes: 3 };
      },
      decode: ([, bytes]) => (bytes as Uint8Array)[1]!,
    };
    const out = defineStream(kit.name('out'), { codec: pooled });
    await kit.add('in', { n: 1 });
    const handler = (_message: unknown, transaction: Transaction) => {
      for (const n of [1, 2, 3]) transaction.publish(out, n);
    };
    await processed(kit, { stream: kit.name('in'), handler });
    expect(await receive(kit, out)).toEqual([1, 2, 3]);
  });

  test('an untyped consumer refuses bytes that are not UTF-8 instead of changing them', async () => {
    await kit.backend.addBytes(kit.name('in'), ['blob', BYTES.all]);
    const consumer = typedConsumer(kit, { stream: kit.name('in'), handler: () => {} });
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
  });

  test.each([
    ['superjson', superjsonSerializer],
    ['msgpack', msgpackSerializer],
  ])('serializerCodec with %s: what JSON cannot hold survives', async (name, serializer) => {
    const stream = defineStream(kit.name('in'), { codec: serializerCodec(serializer) });
    const message = { at: new Date(5), tags: new Set(['a']), totals: new Map([['x', 2n ** 70n]]), none: undefined };
    await kit.producer().publish(stream, message);
    expect(Object.keys((await kit.entries('in'))[0]!.message)).toEqual([name]);
    expect(await receive(kit, stream)).toEqual([message]);
  });

  test('serializerCodec with a schema: the schema sees what the serializer restored', async () => {
    const schema = z.object({ at: z.date(), bytes: z.instanceof(Uint8Array) });
    const stream = defineStream(kit.name('in'), { schema, codec: serializerCodec(msgpackSerializer) });
    await kit.producer().publish(stream, { at: new Date(9), bytes: BYTES.all });
    const [message] = (await receive(kit, stream)) as [z.output<typeof schema>];
    expect([message.at, [...message.bytes]]).toEqual([new Date(9), [...BYTES.all]]);
  });

  test('two codecs on one stream: the wrong one refuses the entry, and the right one still reads it', async () => {
    const packed = defineStream(kit.name('in'), { codec: serializerCodec(msgpackSerializer) });
    await kit.producer().publish(packed, { n: 1 });
    const wrong = typedConsumer(kit, {
      stream: defineStream(kit.name('in'), { codec: serializerCodec(superjsonSerializer) }),
      handler: () => {},
    });
    await wrong.start();
    expect(await failureOf(wrong.closed)).toMatchObject({ message: expect.stringContaining('one field "superjson"') });
    expect(await receive(kit, packed)).toEqual([{ n: 1 }]);
  });

  test("a codec of one's own is called as a method, and its class may have private fields", async () => {
    class Csv implements Codec<readonly string[], string[]> {
      readonly name = 'csv';
      readonly #separator = ';';
      encode(cells: readonly string[]) {
        const line = cells.join(this.#separator);
        return { fields: ['line', line], bytes: line.length };
      }
      decode(fields: readonly (string | Uint8Array)[]): string[] {
        return String(fields[1]).split(this.#separator);
      }
    }
    const table = defineStream(kit.name('in'), { codec: new Csv() });
    await kit.producer().publish(table, ['a', 'b']);
    expect(await receive(kit, table)).toEqual([['a', 'b']]);
  });
});
