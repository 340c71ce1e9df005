import type { Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';
import { taggedJson } from './support/tagged-json.js';

const closed = expect.objectContaining({ code: 'ARS_TRANSACTION_CLOSED' }) as Error;

interface State {
  count: number;
  list: { id: number }[];
  map: Map<string, { hits: number }>;
  set: Set<string>;
  date: Date;
}

const defaults = (): State => ({
  count: 0,
  list: [{ id: 1 }],
  map: new Map([['a', { hits: 1 }]]),
  set: new Set(['a', 'b']),
  date: new Date(0),
});

describeStores((kit) => {
  const keep = async (): Promise<Transaction<State>> => {
    await kit.addNumbers('in', 1, 1);
    const kept = deferred<Transaction<State>>();
    const consumer = await kit.started({
      state: defaults,
      serializer: taggedJson,
      handler: (_, transaction) => kept.resolve(transaction),
    });
    await consumer.caughtUp();
    return kept.promise;
  };

  test.each<[string, (transaction: Transaction<State>, out: string) => unknown]>([
    ['state', (transaction) => transaction.state],
    ['entry', (transaction) => transaction.entry],
    ['signal', (transaction) => transaction.signal],
    ['publish', (transaction, out) => transaction.publish(out, { n: 1 })],
    ['afterCommit', (transaction) => transaction.afterCommit(() => {})],
    ['clearState', (transaction) => transaction.clearState()],
  ])('%s of a transaction whose handler has settled throws', async (_, use) => {
    const transaction = await keep();
    expect(() => use(transaction, kit.name('out'))).toThrow(closed);
    expect(await kit.entries('out')).toEqual([]);
  });

  test('every part of the state that was kept throws when it is used later', async () => {
    await kit.addNumbers('in', 1, 1);
    const uses: (() => unknown)[] = [];
    const consumer = await kit.started({
      state: defaults,
      serializer: taggedJson,
      handler: (_, { state }) => {
        const { list, map, set, date } = state;
        const [item] = list;
        const hits = map.get('a')!;
        const iterator = map.values();
        const members = set.values();
        uses.push(
          () => state.count, () => (state.count = 1), () => list.length, () => list.push({ id: 2 }), () => item!.id,
          () => (item!.id = 3), () => map.size, () => map.get('a'), () => map.set('b', { hits: 0 }), () => hits.hits,
          () => (hits.hits = 2), () => iterator.next(), () => set.has('a'), () => set.add('c'), () => members.next(),
          () => date.getTime(), () => date.setTime(1), () => Object.keys(state), () => JSON.stringify(list),
          () => [...set], () => list.map((each) => each.id), () => delete (state as Partial<State>).date, () => 'count' in state,
        ); // prettier-ignore
      },
    });
    await consumer.caughtUp();
    for (const use of uses) expect(use, String(use)).toThrow(closed);
    expect(consumer.state).toEqual(defaults());
  });

  test('what a handler does not await is refused, and fails nothing that committed', async () => {
    await kit.addNumbers('in', 1, 2);
    const gate = deferred();
    const late = deferred<unknown>();
    const consumer = await kit.started({
      state: { count: 0 },
      handler: ({ n }, transaction) => {
        transaction.state.count += 1;
        if (n === '1') late.resolve(failureOf(gate.promise.then(() => (transaction.state.count += 100))));
      },
    });
    await consumer.caughtUp();
    gate.resolve();
    expect(await late.promise).toMatchObject({ code: 'ARS_TRANSACTION_CLOSED' });
    expect(consumer.state.count).toBe(2);
  });

  test('a part of the state kept by one message cannot be used by the next', async () => {
    await kit.addNumbers('in', 1, 2);
    let kept: { id: number }[] | undefined;
    const consumer = await kit.started({
      state: { list: [] as { id: number }[] },
      handler: (_, { state }) => {
        if (kept === undefined) kept = state.list;
        else kept.push({ id: 2 });
      },
    });
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_TRANSACTION_CLOSED' });
    expect(consumer.state).toEqual({ list: [] });
  });

  test('the entry, read while it was open, stays readable', async () => {
    await kit.addNumbers('in', 1, 1);
    const kept = deferred<{ readonly id: string }>();
    const consumer = await kit.started({ handler: (_, { entry }) => kept.resolve(entry) });
    await consumer.caughtUp();
    expect((await kept.promise).id).toBe((await kit.entries('in'))[0]!.id);
  });
});
