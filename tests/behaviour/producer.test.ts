import { StreamProducer } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf } from './support/deferred.js';
import { numbers } from './support/ledger.js';

describeStores((kit) => {
  test('publish resolves to the ID of the entry', async () => {
    const id = await kit.producer().publish(kit.name('out'), { n: 1, text: 'ok' });
    expect(await kit.entries('out')).toEqual([{ id, message: { n: '1', text: 'ok' } }]);
  });

  test('publishes that follow one another are stored in order', async () => {
    const producer = kit.producer();
    for (const n of numbers(1, 30)) await producer.publish(kit.name('out'), { n });
    expect(await kit.values('out')).toEqual(numbers(1, 30));
  });

  test('publishes at the same time are each stored once', async () => {
    const producer = kit.producer();
    const ids = await Promise.all(numbers(1, 50).map((n) => producer.publish(kit.name('out'), { n })));
    expect(new Set(ids).size).toBe(50);
    expect(
      (await kit.values('out'))
        .map(Number)
        .sort((a, b) => a - b)
        .map(String),
    ).toEqual(numbers(1, 50));
  });

  test('without a key, publishing twice gives two entries', async () => {
    const producer = kit.producer();
    const ids = [await producer.publish(kit.name('out'), { n: 1 }), await producer.publish(kit.name('out'), { n: 1 })];
    expect((await kit.entries('out')).map(({ id }) => id)).toEqual(ids);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test('with an idempotency key, however often published, there is one entry, and each call answers its ID', async () => {
    const producers = [kit.producer(), new StreamProducer({ store: kit.connect() })];
    const publish = (index: number) =>
      producers[index % 2]!.publish(kit.name('out'), { n: index }, { idempotencyKey: 'order-7' });
    const first = await publish(0);
    const repeats = await Promise.all(Array.from({ length: 10 }, (_, index) => publish(index + 1)));
    expect(new Set([first, ...repeats])).toEqual(new Set([first]));
    expect(await kit.entries('out')).toEqual([{ id: first, message: { n: '0' } }]);
  });

  test('publishes with one key that race give one entry', async () => {
    const producers = [kit.producer(), new StreamProducer({ store: kit.connect() })];
    const ids = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        producers[index % 2]!.publish(kit.name('out'), { n: index }, { idempotencyKey: 'race' }),
      ),
    );
    const [entry, ...others] = await kit.entries('out');
    expect(others).toEqual([]);
    expect(new Set(ids)).toEqual(new Set([entry!.id]));
  });

  test('keys belong to their stream, and different keys are different', async () => {
    const producer = kit.producer();
    for (const [stream, idempotencyKey] of [
      ['a', 'k'],
      ['b', 'k'],
      ['a', 'K'],
      ['a', 'k'],
      ['a', 'ключ{}:%'],
    ] as const) {
      await producer.publish(kit.name(stream), { n: 1 }, { idempotencyKey });
    }
    expect([await kit.values('a'), await kit.values('b')]).toEqual([['1', '1', '1'], ['1']]);
  });

  test.each<[string, unknown]>([
    ['an empty text', ''],
    ['a number', 7],
    ['null', null],
    ['a lone surrogate', '\ud800'],
  ])('%s is no idempotency key', async (_, idempotencyKey) => {
    const publishing = kit.producer().publish(kit.name('out'), { n: 1 }, { idempotencyKey: idempotencyKey as string });
    expect(await failureOf(publishing)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect(await kit.entries('out')).toEqual([]);
  });

  test('a repeat with a key answers the same ID when the entry itself is gone', async () => {
    const producer = kit.producer();
    const options = { idempotencyKey: 'gone' };
    const id = await producer.publish(kit.name('out'), { n: 1 }, options);
    await kit.backend.delete(kit.name('out'), id);
    expect(await producer.publish(kit.name('out'), { n: 1 }, options)).toBe(id);
    expect(await kit.entries('out')).toEqual([]);
  });

  test('what a producer publishes reaches a consumer', async () => {
    const seen: string[] = [];
    const consumer = await kit.started({ handler: ({ n }) => seen.push(n!) });
    const producer = kit.producer();
    for (const n of numbers(1, 10)) await producer.publish(kit.name('in'), { n }, { idempotencyKey: n });
    for (const n of numbers(1, 10)) await producer.publish(kit.name('in'), { n }, { idempotencyKey: n });
    await consumer.caughtUp();
    expect(seen).toEqual(numbers(1, 10));
  });

  test('after the store is closed, publish rejects', async () => {
    const store = kit.connect();
    const producer = new StreamProducer({ store });
    await store.close();
    expect(await failureOf(producer.publish(kit.name('out'), { n: 1 }))).toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
    });
  });

  test('a stream that is full of IDs refuses, and says so', async () => {
    await kit.backend.add(kit.name('out'), { n: 1 }, '18446744073709551615-18446744073709551615');
    const error = await failureOf(kit.producer().publish(kit.name('out'), { n: 2 }));
    expect(error).toMatchObject({ code: 'ARS_COMMIT' });
  });
});
