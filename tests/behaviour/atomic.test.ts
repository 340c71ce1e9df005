import { type Fields, type Serializer, strictJson, type Transaction } from '@ars/core';
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

  test('only attributes that changed are serialized again', async () => {
    const serialized: unknown[] = [];
    const serializer: Serializer = {
      ...strictJson,
      serialize: (value) => {
        serialized.push(structuredClone(value));
        return strictJson.serialize(value);
      },
    };
    const consumer = await kit.started({
      serializer,
      state: { count: 0, big: { list: ['much'] } },
      handler: ({ n }, { state }) => {
        state.count += 1;
        if (n === '3') state.big.list.push('more');
      },
    });
    const written: unknown[][] = [];
    for (let n = 1; n <= 3; n += 1) {
      serialized.length = 0;
      await kit.addNumbers('in', n, n);
      await consumer.caughtUp();
      written.push([...serialized]);
    }
    expect(written).toEqual([[1, { list: ['much'] }], [2], [3, { list: ['much', 'more'] }]]);
  });
});
