import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';

type State = { list: string[]; count: number; extra?: string };

describeStores((kit) => {
  const options = {
    state: (): State => ({ list: ['default'], count: 0 }),
    handler: ({ n }: Fields, transaction: Transaction<State>): void => {
      const { state } = transaction;
      if (n === 'clear' || n === 'fail') transaction.clearState();
      if (n === 'fail' && transaction.entry.attempt < 3) throw new Error('not yet');
      state.list.push(n!);
      state.count += 1;
      state.extra = n!;
    },
  };

  const handled = async (...names: string[]): Promise<State> => {
    await kit.add('in', ...names.map((n) => ({ n })));
    const consumer = await kit.started(options);
    await consumer.caughtUp();
    await consumer.stop();
    const { state } = await kit.started(options);
    expect(state).toEqual(consumer.state);
    return state;
  };

  test('clearState puts every attribute back to its default and forgets the others', async () => {
    await kit.add('in', { n: 'a' }, { n: 'b' });
    const consumer = await kit.started({
      ...options,
      handler: (message: Fields, transaction: Transaction<State>) => {
        if (message['n'] !== 'b') return options.handler(message, transaction);
        transaction.clearState();
        expect(transaction.state).toEqual({ list: ['default'], count: 0 });
        return undefined;
      },
    });
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ list: ['default'], count: 0 });
    await consumer.stop();
    expect((await kit.started(options)).state).toEqual({ list: ['default'], count: 0 });
  });

  test('what is changed after clearState in the same message starts from the defaults', async () => {
    expect(await handled('a', 'b', 'clear', 'c')).toEqual({ list: ['default', 'clear', 'c'], count: 2, extra: 'c' });
  });

  test('clearState is undone when the handler fails', async () => {
    const consumer = await kit.started({
      ...options,
      handler: (message: Fields, transaction: Transaction<State>) => {
        if (message['n'] === 'undo' && transaction.entry.attempt === 1) {
          transaction.clearState();
          throw new Error('not yet');
        }
        options.handler(message, transaction);
      },
    });
    await kit.add('in', { n: 'a' }, { n: 'undo' });
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ list: ['default', 'a', 'undo'], count: 2, extra: 'undo' });
  });

  test('clearState as the first thing ever done, and failing, leaves the defaults', async () => {
    expect(await handled('fail', 'a')).toEqual({ list: ['default', 'fail', 'a'], count: 2, extra: 'a' });
  });

  test('clearState of a consumer without state does nothing', async () => {
    await kit.add('in', { n: 'a' });
    const consumer = await kit.started({ handler: (_, transaction) => transaction.clearState() });
    await consumer.caughtUp();
    expect(consumer.state).toEqual({});
  });
});
