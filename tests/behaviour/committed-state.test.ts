import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores, type KitConsumer } from './stores.js';
import { deferred, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';

type State = { count: number; deep: { list: string[] } };

describeStores((kit) => {
  const defaults = (): State => ({ count: 0, deep: { list: [] } });
  const handler = ({ n }: Fields, { state }: Transaction<State>): void => {
    state.count += 1;
    state.deep.list.push(n!);
  };

  test('consumer.state is the last committed one while a handler is in the middle', async () => {
    await kit.addNumbers('in', 1, 2);
    const half = deferred();
    const gate = deferred();
    const inside: unknown[] = [];
    const consumer: KitConsumer<State> = kit.consumer({
      state: defaults,
      batch: { maxMessages: 1 },
      handler: async (message: Fields, transaction: Transaction<State>) => {
        if (message['n'] === '1') return handler(message, transaction);
        transaction.state.count += 1;
        inside.push(consumer.state, structuredClone(transaction.state.count));
        half.resolve();
        await gate.promise;
        transaction.state.deep.list.push('2');
        inside.push(transaction.state.count);
        return undefined;
      },
    });
    const committed = nextEvent(consumer, 'commit');
    await consumer.start();
    await committed;
    await half.promise;
    expect(consumer.state).toEqual({ count: 1, deep: { list: ['1'] } });
    gate.resolve();
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ count: 2, deep: { list: ['1', '2'] } });
    expect(inside.slice(1)).toEqual([2, 2]);
  });

  test('a synchronous handler sees its own state, and consumer.state without it', async () => {
    await kit.addNumbers('in', 1, 3);
    const seen: [number, number, number][] = [];
    const consumer: KitConsumer<State> = await kit.started({
      state: defaults,
      batch: { maxMessages: 1 },
      handler: (message: Fields, transaction: Transaction<State>) => {
        handler(message, transaction);
        const committed = consumer.state.count;
        seen.push([Number(message['n']), transaction.state.count, committed]);
      },
    });
    await consumer.caughtUp();
    for (const [n, own, committed] of seen) {
      expect(own).toBe(n);
      expect(committed).toBeLessThan(n);
    }
  });

  test('consumer.state is without what is in flight, and with it once it is acknowledged', async () => {
    await kit.addNumbers('in', 1, 5);
    const sent = deferred();
    const gate = deferred();
    const store = intercepted(kit.store, async (call, proceed) => {
      const answer = await proceed();
      if (call === 'commit') {
        sent.resolve();
        await gate.promise;
      }
      return answer;
    });
    const consumer = await kit.started({ state: defaults, store, handler });
    await sent.promise;
    expect(consumer.state).toEqual(defaults());
    gate.resolve();
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ count: 5, deep: { list: ['1', '2', '3', '4', '5'] } });
  });

  test('consumer.state is without what is staged behind a failing message', async () => {
    await kit.addNumbers('in', 1, 4);
    const consumer = kit.consumer({
      state: defaults,
      retry: { minDelayMs: 1_000_000, maxDelayMs: 1_000_000 },
      handler: (message: Fields, transaction: Transaction<State>) => {
        handler(message, transaction);
        if (message['n'] === '3') throw new Error('not yet');
      },
    });
    const committed = nextEvent(consumer, 'commit', ({ cursors }) => cursors[0]!.read === 2);
    await consumer.start();
    await committed;
    expect(consumer.state).toEqual({ count: 2, deep: { list: ['1', '2'] } });
  });

  test('changing what consumer.state gave changes nothing', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({ state: defaults, handler });
    await consumer.caughtUp();
    const state = consumer.state as State;
    state.count = 99;
    state.deep.list.push('mine');
    expect(consumer.state).toEqual({ count: 1, deep: { list: ['1'] } });
    await kit.addNumbers('in', 2, 2);
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ count: 2, deep: { list: ['1', '2'] } });
  });

  test('consumer.state stays readable after the consumer has ended', async () => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started({ state: defaults, handler });
    await consumer.caughtUp();
    await consumer.stop();
    expect(consumer.state.count).toBe(2);
  });

  test('consumer.state never shows anything but committed states, whenever it is looked at', async () => {
    await kit.addNumbers('in', 1, 200);
    const consumer = await kit.started({
      state: defaults,
      batch: { maxMessages: 8 },
      handler: async (message: Fields, transaction: Transaction<State>) => {
        transaction.state.count += 1;
        if (Number(message['n']) % 10 === 0) await new Promise(setImmediate);
        if (transaction.entry.attempt === 1 && Number(message['n']) % 17 === 0) throw new Error('not yet');
        transaction.state.deep.list.push(message['n']!);
      },
    });
    let isDone = false;
    void consumer.caughtUp().then(() => (isDone = true));
    let last = 0;
    while (!isDone) {
      const { count, deep } = consumer.state;
      expect(deep.list).toHaveLength(count);
      expect(count).toBeGreaterThanOrEqual(last);
      last = count;
      await new Promise(setImmediate);
    }
    expect(consumer.state.count).toBe(200);
  });
});
