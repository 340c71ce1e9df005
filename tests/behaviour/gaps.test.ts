import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { numbers } from './support/ledger.js';

type State = { seen: string[] };

describeStores((kit) => {
  const options = {
    state: (): State => ({ seen: [] }),
    handler: ({ n }: Fields, { state }: Transaction<State>) => state.seen.push(n!),
  };
  const keys = () => ({ consumerId: 'consumer', scope: kit.name('in') });

  /** Lets a consumer handle numbers 1 to 3 and stop. */
  const handledThree = async (): Promise<string[]> => {
    const ids = await kit.addNumbers('in', 1, 3);
    const consumer = await kit.started(options);
    await consumer.caughtUp();
    await consumer.stop();
    return ids;
  };

  test.each<[string, number, (ids: string[]) => Promise<void>]>([
    ['trimmed', 2, () => kit.backend.trim(kit.name('in'), 3)],
    ['all trimmed', 5, () => kit.backend.trim(kit.name('in'), 0)],
    ['deleted in the middle', 2, (ids) => kit.backend.delete(kit.name('in'), ids[1]!, ids[3]!)],
    ['deleted at the end', 1, (ids) => kit.backend.delete(kit.name('in'), ids[4]!)],
    ['deleted at the front', 1, (ids) => kit.backend.delete(kit.name('in'), ids[0]!)],
  ])(
    'entries %s before they were read: the start is refused with their number, and nothing changes',
    async (_, lost, remove) => {
      await handledThree();
      await remove(await kit.addNumbers('in', 4, 8));
      const before = await kit.backend.dump(keys(), kit.name('in'));
      const consumer = kit.consumer(options);
      const error = await failureOf(consumer.start());
      expect(error).toMatchObject({
        code: 'ARS_STREAM_GAP',
        details: { stream: kit.name('in'), consumer: 'consumer', lost },
      });
      expect(await failureOf(consumer.closed)).toBe(error);
      expect(await kit.backend.dump(keys(), kit.name('in'))).toEqual(before);
    },
  );

  test('entries that vanish while the consumer runs: it ends with their number, all before them committed', async () => {
    const gate = deferred();
    const running = deferred();
    const consumer = kit.consumer({
      ...options,
      batch: { maxMessages: 1 },
      handler: async (message: Fields, transaction: Transaction<State>) => {
        running.resolve();
        await gate.promise;
        options.handler(message, transaction);
      },
    });
    const gap = nextEvent(consumer, 'gap');
    await consumer.start();
    const ids = await kit.addNumbers('in', 1, 20);
    await running.promise;
    await kit.backend.trim(kit.name('in'), 0);
    await kit.addNumbers('in', 21, 21); // wakes a reader that waits
    gate.resolve();
    const error = await failureOf(consumer.closed);
    const { seen } = consumer.state;
    const lost = 20 - seen.length;
    expect(seen).toEqual(numbers(1, seen.length));
    expect(error).toMatchObject({ code: 'ARS_STREAM_GAP', details: { lost, stream: kit.name('in') } });
    expect(await gap).toMatchObject({ stream: kit.name('in'), lost });
    expect((await kit.backend.moment(keys(), kit.name('out'))).position).toBe(ids[seen.length - 1]);
    expect(seen.length).toBeLessThan(20);
  });

  test('entries that vanish after they were committed are no gap', async () => {
    const ids = await handledThree();
    await kit.backend.delete(kit.name('in'), ids[1]!);
    await kit.backend.trim(kit.name('in'), 0);
    await kit.addNumbers('in', 4, 5);
    const consumer = await kit.started(options);
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(numbers(1, 5));
    const [id] = (await kit.entries('in')).map((entry) => entry.id);
    await kit.backend.delete(kit.name('in'), id!);
    await kit.addNumbers('in', 6, 6);
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(numbers(1, 6));
  });

  test('the last entry deleted after it was committed, and others added, is no gap', async () => {
    const ids = await handledThree();
    await kit.backend.delete(kit.name('in'), ids[2]!);
    await kit.addNumbers('in', 4, 4);
    const consumer = await kit.started(options);
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(numbers(1, 4));
  });

  // Recreated with the very same IDs it would look like the old one, which is a limit that is documented.
  test.each<[string, count: number, firstMs: (lastMs: number) => number]>([
    ['missing', 0, (lastMs) => lastMs],
    ['with fewer entries', 2, (lastMs) => lastMs + 1],
    ['with as many', 3, (lastMs) => lastMs + 1],
    ['with more', 9, (lastMs) => lastMs + 1],
    ['with more, and older IDs', 9, () => 1],
  ])('a stream deleted and recreated, %s: the start is refused, and nothing changes', async (_, count, firstMs) => {
    const ids = await handledThree();
    await kit.backend.deleteStream(kit.name('in'));
    const first = firstMs(Number(ids[2]!.split('-')[0]));
    for (let n = 0; n < count; n += 1) await kit.backend.add(kit.name('in'), { n }, `${first + n}-0`);
    const before = await kit.backend.dump(keys(), kit.name('in'));
    const consumer = kit.consumer(options);
    expect(await failureOf(consumer.start())).toMatchObject({
      code: 'ARS_STREAM_REGRESSED',
      details: { stream: kit.name('in'), consumer: 'consumer' },
    });
    expect(await kit.backend.dump(keys(), kit.name('in'))).toEqual(before);
  });

  test('a stream deleted and recreated under a running consumer ends it', async () => {
    await kit.addNumbers('in', 1, 5);
    const consumer = await kit.started(options);
    await consumer.caughtUp();
    await kit.backend.deleteStream(kit.name('in'));
    await kit.addNumbers('in', 1, 2);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STREAM_REGRESSED' });
    expect(consumer.state.seen).toEqual(numbers(1, 5));
  });

  test('a stream deleted while its messages are being handled commits none of them', async () => {
    await kit.addNumbers('in', 1, 3);
    const running = deferred();
    const gate = deferred();
    const consumer = await kit.started({
      ...options,
      handler: async (message: Fields, transaction: Transaction<State>) => {
        if (message['n'] === '1') {
          running.resolve();
          await gate.promise;
        }
        transaction.publish(kit.name('out'), { n: message['n']! });
        options.handler(message, transaction);
      },
    });
    await running.promise;
    await kit.backend.deleteStream(kit.name('in'));
    const rewound = nextEvent(consumer, 'rewound');
    gate.resolve();
    await rewound;
    await kit.addNumbers('in', 7, 7);
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(['7']);
    expect(await kit.values('out')).toEqual(['7']);
  });
});
