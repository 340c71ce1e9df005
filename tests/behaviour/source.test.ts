import type { Fields, Transaction } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf, nextEvent } from './support/deferred.js';
import { numbers } from './support/ledger.js';

describeStores((kit) => {
  const relay = (source = createMemoryStore({ name: 'elsewhere' })) => {
    const options = {
      source,
      stream: 'inbox',
      home: kit.tag,
      state: { count: 0 },
      handler: ({ n }: Fields, transaction: Transaction<{ count: number }>): void => {
        transaction.state.count += 1;
        transaction.publish(kit.name('out'), { n: n! });
      },
    };
    const add = (from: number, to: number): void => {
      for (const n of numbers(from, to)) source.add('inbox', { n });
    };
    return { source, options, add };
  };

  test('a consumer reads one store and commits in another, exactly once over restarts', async () => {
    const { options, add } = relay();
    for (let round = 0; round < 10; round += 1) {
      add(round * 20 + 1, round * 20 + 20);
      const consumer = await kit.started({ ...options, batch: { maxMessages: 6 } });
      await (round % 2 === 0 ? nextEvent(consumer, 'commit') : consumer.caughtUp());
      await consumer.stop();
    }
    expect(await kit.values('out')).toEqual(numbers(1, 200));
    expect((await kit.started(options)).state).toEqual({ count: 200 });
  });

  test('the source cut in the middle costs nothing', async () => {
    const { source, options, add } = relay();
    const consumer = await kit.started(options);
    for (let round = 0; round < 10; round += 1) {
      add(round * 10 + 1, round * 10 + 10);
      source.disconnect();
    }
    await consumer.caughtUp();
    expect(await kit.values('out')).toEqual(numbers(1, 100));
  });

  test('a source that lost its newest entries is behind: the consumer ends', async () => {
    const { source, options, add } = relay();
    add(1, 5);
    const copy = source.snapshot();
    add(6, 8);
    const consumer = await kit.started(options);
    await consumer.caughtUp();
    source.restoreSnapshot(copy);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STREAM_REGRESSED' });
    expect(await kit.values('out')).toEqual(numbers(1, 8));
  });

  test('entries that the source trimmed are a gap', async () => {
    const { source, options, add } = relay();
    add(1, 3);
    const first = await kit.started(options);
    await first.caughtUp();
    await first.stop();
    add(4, 9);
    source.truncate('inbox', { maxLength: 2 });
    expect(await failureOf(kit.consumer(options).start())).toMatchObject({
      code: 'ARS_STREAM_GAP',
      details: { lost: 4 },
    });
  });
});
