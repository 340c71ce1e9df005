import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import type { Moment } from './support/backend.js';
import { numbers } from './support/ledger.js';

type State = { count: number; last: string };

describeStores((kit) => {
  const options = {
    state: { count: 0, last: '' },
    handler: ({ n }: Fields, transaction: Transaction<State>): void => {
      transaction.state.count += 1;
      transaction.state.last = n!;
      transaction.publish(kit.name('out'), { n: n! });
    },
  };

  const expectWhole = ({ attributes, position, outputs }: Moment, ids: readonly string[]): number => {
    const count = Number(attributes['count'] ?? 0);
    expect(outputs.map(({ message }) => message['n'])).toEqual(numbers(1, count));
    if (count > 0) expect(attributes['last']).toBe(JSON.stringify(String(count)));
    expect(position ?? '0-0').toBe(count === 0 ? '0-0' : ids[count - 1]);
    return count;
  };

  test.each([1, 13, 1_000])(
    'two attributes, the position and a publish become visible together, in batches of %i',
    async (maxMessages) => {
      const ids = await kit.addNumbers('in', 1, 300);
      const consumer = kit.consumer({ ...options, batch: { maxMessages } });
      const keys = { consumerId: 'consumer', scope: kit.name('in') };
      const counts: number[] = [];
      await consumer.start();
      const done = consumer.caughtUp();
      let isDone = false;
      void done.then(() => (isDone = true));
      while (!isDone) {
        counts.push(expectWhole(await kit.backend.moment(keys, kit.name('out')), ids));
        await new Promise(setImmediate); // a memory store answers at once, and would leave the consumer no turn
      }
      await done;
      expect(expectWhole(await kit.backend.moment(keys, kit.name('out')), ids)).toBe(300);
      expect(counts).toEqual([...counts].sort((a, b) => a - b));
    },
  );

  test('publishes to several streams and to the input itself commit with the state', async () => {
    await kit.add('in', { n: '3' });
    const consumer = await kit.started({
      state: { sum: 0 },
      handler: ({ n }, transaction) => {
        transaction.state.sum += Number(n);
        if (n !== '0') transaction.publish(kit.name('in'), { n: Number(n) - 1 });
        transaction.publish(kit.name('a'), { n: n! });
        transaction.publish(kit.name('b'), { n: n! });
      },
    });
    while ((await kit.entries('in')).length < 4) await consumer.caughtUp();
    await consumer.caughtUp();
    expect(consumer.state.sum).toBe(6);
    expect(await kit.values('a')).toEqual(['3', '2', '1', '0']);
    expect(await kit.values('b')).toEqual(['3', '2', '1', '0']);
  });

  test('state that does not change is not written again', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({
      state: { count: 0 },
      handler: ({ n }, { state }) => {
        if (n === '1') state.count += 1;
      },
    });
    await consumer.caughtUp();
    const keys = { consumerId: 'consumer', scope: kit.name('in') };
    await kit.backend.corrupt(keys, 'count', '7').catch(() => {});
    await kit.addNumbers('in', 2, 2);
    await consumer.caughtUp().catch(() => {});
    expect((await kit.backend.moment(keys, kit.name('out'))).attributes).toEqual({ count: '7' });
  });
});
