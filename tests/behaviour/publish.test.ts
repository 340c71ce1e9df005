import type { FieldsInput } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';

const MEBIBYTE = 1024 * 1024;

const INVALID: [what: string, message: unknown][] = [
  ['no message', undefined],
  ['null', null],
  ['a string', 'text'],
  ['a list', ['n', '1']],
  ['bytes', new Uint8Array(2)],
  ['no fields', {}],
  ['undefined', { n: undefined }],
  ['null as a value', { n: null }],
  ['a boolean', { n: true }],
  ['a nested object', { n: { deep: 1 } }],
  ['a list as a value', { n: [1] }],
  ['a Date', { n: new Date(0) }],
  ['a function', { n: () => 1 }],
  ['a symbol', { n: Symbol('n') }],
  ['NaN', { n: Number.NaN }],
  ['Infinity', { n: Infinity }],
  ['-Infinity', { n: -Infinity }],
  ['a lone surrogate', { n: 'a\ud800' }],
  ['a lone surrogate in a name', { 'a\udc00': 'n' }],
];

const VALID: [what: string, message: FieldsInput, stored: Record<string, string | Uint8Array>][] = [
  ['an empty text', { n: '' }, { n: '' }],
  ['an empty name', { '': 'n' }, { '': 'n' }],
  ['emoji', { 'n✓': '👩‍👩‍👧‍👦 ß 漢' }, { 'n✓': '👩‍👩‍👧‍👦 ß 漢' }],
  ['control characters', { n: 'a\0b\r\nc' }, { n: 'a\0b\r\nc' }],
  ['numbers', { a: 1, b: -0.5, c: 1e21, d: Number.MIN_VALUE, e: -0 }, { a: '1', b: '-0.5', c: '1e+21', d: '5e-324', e: '0' }],
  ['bigints', { n: 2n ** 80n }, { n: '1208925819614629174706176' }],
  ['bytes that are no UTF-8', { n: Uint8Array.of(0xff, 0, 0xfe) }, { n: Uint8Array.of(0xff, 0, 0xfe) }],
  ['all bytes', { n: Uint8Array.from({ length: 256 }, (_, byte) => byte) }, { n: Uint8Array.from({ length: 256 }, (_, byte) => byte) }],
  ['bytes that are UTF-8', { n: Buffer.from('grün') }, { n: 'grün' }],
  ['bytes in the middle of a buffer', { n: new Uint8Array([1, 0xff, 0xfe, 4]).subarray(1, 3) }, { n: Uint8Array.of(0xff, 0xfe) }],
  ['no bytes', { n: new Uint8Array(0) }, { n: '' }],
]; // prettier-ignore

describeStores((kit) => {
  test.each(INVALID)('%s cannot be published, neither by a handler nor by a producer', async (_, message) => {
    await kit.addNumbers('in', 1, 1);
    const refused = deferred<unknown>();
    const consumer = await kit.started({
      handler: (__, transaction) => {
        try {
          transaction.publish(kit.name('out'), message as FieldsInput);
        } catch (error) {
          refused.resolve(error);
        }
      },
    });
    expect(await refused.promise).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    await consumer.caughtUp();
    const publishing = kit.producer().publish(kit.name('out'), message as FieldsInput);
    expect(await failureOf(publishing)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect(await kit.entries('out')).toEqual([]);
  });

  test.each(VALID)('%s: published as given, by a handler and by a producer', async (_, message, stored) => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({ handler: (__, transaction) => transaction.publish(kit.name('out'), message) });
    await consumer.caughtUp();
    await kit.producer().publish(kit.name('out'), message);
    expect((await kit.entries('out')).map((entry) => entry.message)).toEqual([stored, stored]);
  });

  test('bytes changed after they were published are stored as they were', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({
      handler: (_, transaction) => {
        const bytes = Uint8Array.of(0xff, 1);
        transaction.publish(kit.name('out'), { bytes });
        bytes.fill(0);
      },
    });
    await consumer.caughtUp();
    expect((await kit.entries('out'))[0]!.message['bytes']).toEqual(Uint8Array.of(0xff, 1));
  });

  test.each<[string, unknown]>([
    ['an empty name', ''],
    ['no name', undefined],
    ['a number', 5],
    ['a lone surrogate', 'a\ud800'],
  ])('%s is no stream', async (_, stream) => {
    const publishing = kit.producer().publish(stream as string, { n: 1 });
    expect(await failureOf(publishing)).toMatchObject({ code: 'ARS_CONFIGURATION' });
  });

  const publishing = async (publish: (add: (message: FieldsInput) => void) => void) => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started({
      state: { count: 0 },
      handler: ({ n }, transaction) => {
        transaction.state.count += 1;
        if (n === '2') publish((message) => transaction.publish(kit.name('out'), message));
      },
    });
    return consumer;
  };

  test('a transaction publishes up to 10,000 messages', async () => {
    const consumer = await publishing((add) => {
      for (let n = 1; n <= 10_000; n += 1) add({ n });
    });
    await consumer.caughtUp();
    expect((await kit.values('out')).at(-1)).toBe('10000');
  });

  test('a transaction that publishes more fails as a whole, at once', async () => {
    const consumer = await publishing((add) => {
      for (let n = 1; n <= 10_001; n += 1) add({ n });
    });
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect(consumer.state.count).toBe(1);
    expect(await kit.entries('out')).toEqual([]);
  });

  test('a transaction publishes up to 16 MiB', async () => {
    const text = 'x'.repeat(MEBIBYTE - 1024);
    const consumer = await publishing((add) => {
      for (let n = 0; n < 16; n += 1) add({ n, text });
    });
    await consumer.caughtUp();
    expect(await kit.entries('out')).toHaveLength(16);
  });

  test('a transaction that publishes more bytes fails as a whole, at once', async () => {
    const text = 'x'.repeat(MEBIBYTE);
    const consumer = await publishing((add) => {
      for (let n = 0; n < 16; n += 1) add({ n, text });
    });
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect(await kit.entries('out')).toEqual([]);
  });

  const wide = (fields: number) =>
    Object.fromEntries(Array.from({ length: fields }, (_, index) => [`f${index}`, index]));

  test('a message has up to 3,900 fields', async () => {
    const consumer = await publishing((add) => add(wide(3_900)));
    await consumer.caughtUp();
    await kit.producer().publish(kit.name('out'), wide(3_900));
    const sizes = (await kit.entries('out')).map(({ message }) => Object.keys(message).length);
    expect(sizes).toEqual([3_900, 3_900]);
    expect(await failureOf(kit.producer().publish(kit.name('out'), wide(3_901)))).toMatchObject({
      code: 'ARS_MESSAGE_VALIDATION',
    });
  });
});
