import { binaryCodec, defineStream, type Fields, StreamConsumer } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf } from './support/deferred.js';

const NOT_UTF8 = Uint8Array.of(0x61, 0xff, 0x62);

describeStores((kit) => {
  const received = async (): Promise<Fields[]> => {
    const seen: Fields[] = [];
    const consumer = await kit.started({ handler: (message) => seen.push(message) });
    await consumer.caughtUp();
    return seen;
  };

  test('UTF-8 of every width, emoji, empty and odd names arrive as they were sent', async () => {
    const message = { n: 'grün 漢字 👩‍👩‍👧‍👦', '': '', ' ': ' ', '✓': '\u0000\r\n', 'a\u2028b': '\ufeffbom' };
    await kit.add('in', message);
    expect(await received()).toEqual([message]);
  });

  test('a replacement character that was really sent is no damage', async () => {
    await kit.add('in', { n: 'a\ufffdb' });
    expect(await received()).toEqual([{ n: 'a\ufffdb' }]);
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'a field named %s is a field like any other',
    async (name) => {
      await kit.backend.addBytes(kit.name('in'), [name, 'polluted', 'n', '1']);
      const [message] = await received();
      expect(Object.keys(message!)).toEqual([name, 'n']);
      expect(Object.getOwnPropertyDescriptor(message, name)!.value).toBe('polluted');
      expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
      expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
    },
  );

  test('a field named __proto__ is published like any other', async () => {
    const message = JSON.parse('{"__proto__":"own","n":"1"}') as Record<string, string>;
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({ handler: (_, transaction) => transaction.publish(kit.name('out'), message) });
    await consumer.caughtUp();
    const [entry] = await kit.entries('out');
    expect(Object.entries(entry!.message)).toEqual([
      ['__proto__', 'own'],
      ['n', '1'],
    ]);
  });

  test('of a name that comes twice, the last value counts', async () => {
    await kit.backend.addBytes(kit.name('in'), ['n', '1', 'm', 'x', 'n', '2']);
    expect(await received()).toEqual([{ n: '2', m: 'x' }]);
  });

  test.each<[string, (string | Uint8Array)[]]>([
    ['a value', ['n', NOT_UTF8]],
    ['a name', [NOT_UTF8, 'n']],
    ['half a surrogate pair', ['n', Uint8Array.of(0xed, 0xa0, 0x80)]],
    ['an overlong form', ['n', Uint8Array.of(0xc0, 0xaf)]],
    ['a cut sequence', ['n', Uint8Array.of(0xe6, 0xbc)]],
  ])('%s that is not UTF-8 fails that message, with nothing of it in the error', async (_, fields) => {
    await kit.addNumbers('in', 1, 1);
    const id = await kit.backend.addBytes(kit.name('in'), fields);
    const consumer = await kit.started({ state: { count: 0 }, handler: (__, { state }) => (state.count += 1) });
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION', details: { entry: id, stream: kit.name('in') } });
    expect(consumer.state.count).toBe(1);
  });

  test('a stream that is defined as binary gives and takes any bytes intact', async () => {
    const input = defineStream(kit.name('in'), { codec: binaryCodec });
    const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    await kit.backend.addBytes(kit.name('in'), ['raw', bytes, 'text', 'grün']);
    const consumer = new StreamConsumer({
      store: kit.store,
      stream: input,
      consumerId: 'binary',
      logger: kit.logger,
      handler: (message, transaction) => transaction.publish(kit.name('out'), message),
    });
    await consumer.start();
    await consumer.caughtUp();
    await consumer.stop();
    expect((await kit.entries('out')).map(({ message }) => message)).toEqual([{ raw: bytes, text: 'grün' }]);
  });

  test('very long values and very many fields arrive whole', async () => {
    const long = 'x'.repeat(3 * 1024 * 1024);
    const wide = Object.fromEntries(Array.from({ length: 3_000 }, (_, index) => [`f${index}`, String(index)]));
    await kit.add('in', { long }, wide);
    const [first, second] = await received();
    expect(first!['long']!.length).toBe(long.length);
    expect(second).toEqual(wide);
  });
});
