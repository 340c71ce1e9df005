import type { ArsErrorCode, Fields, Transaction } from '@ars/core';
import { FencedError, isArsError, StoreUnavailableError, StreamGapError } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf } from './support/deferred.js';

type State = { count: number; value: unknown; list: unknown[] };
type Act = (transaction: Transaction<State>, out: string) => unknown;

const HOPELESS: [what: string, code: ArsErrorCode, act: Act][] = [
  ['a publish of an invalid message', 'ARS_MESSAGE_VALIDATION', (transaction, out) => transaction.publish(out, {})],
  ['a publish to no stream', 'ARS_CONFIGURATION', (transaction) => transaction.publish('', { n: 1 })],
  ['a Date under strict JSON', 'ARS_SERIALIZATION', ({ state }) => (state.value = new Date(0))],
  ['a Map under strict JSON', 'ARS_SERIALIZATION', ({ state }) => state.list.push(new Map())],
  ['NaN under strict JSON', 'ARS_SERIALIZATION', ({ state }) => (state.value = { deep: [Number.NaN] })],
  ['a bigint under strict JSON', 'ARS_SERIALIZATION', ({ state }) => (state.value = 1n)],
  ['a function in the state', 'ARS_SERIALIZATION', ({ state }) => (state.value = () => 0)],
  ['a class instance in the state', 'ARS_SERIALIZATION', ({ state }) => (state.value = /x/)],
  ['a declared attribute deleted', 'ARS_CONFIGURATION', ({ state }) => Reflect.deleteProperty(state, 'count')],
  ['an array replaced by an object', 'ARS_STATE_SCHEMA', ({ state }) => (state.list = {} as unknown[])],
];

describeStores((kit) => {
  const run = (act: Act) => {
    let calls = 0;
    const options = {
      state: { count: 0, value: null, list: [] } as State,
      handler: (message: Fields, transaction: Transaction<State>): unknown => {
        transaction.state.count += 1;
        if (message['n'] !== '3') return undefined;
        calls += 1;
        return act(transaction, kit.name('out'));
      },
    };
    return { options, calls: () => calls };
  };

  test.each(HOPELESS)('%s is not retried: the consumer ends with %s', async (_, code, act) => {
    const ids = await kit.addNumbers('in', 1, 4);
    const { options } = run(act);
    const consumer = await kit.started(options);
    const error = await failureOf(consumer.closed);
    expect(isArsError(error, code), String(error)).toBe(true);
    expect(error).toMatchObject({ details: { stream: kit.name('in'), consumer: 'consumer', entry: ids[2] } });
    expect(consumer.state).toEqual({ count: 2, value: null, list: [] });
    expect(await kit.entries('out')).toEqual([]);
  });

  test.each(HOPELESS.filter(([, code]) => code !== 'ARS_SERIALIZATION'))(
    '%s fails once and for all, though retries are unbounded',
    async (_, __, act) => {
      await kit.addNumbers('in', 1, 3);
      const { options, calls } = run(act);
      await failureOf((await kit.started(options)).closed);
      expect(calls()).toBe(1);
    },
  );

  test('an error that the handler catches is no failure', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({
      state: { refused: 0 },
      handler: (_, transaction) => {
        try {
          transaction.publish(kit.name('out'), {});
        } catch {
          transaction.state.refused += 1;
        }
      },
    });
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ refused: 1 });
  });

  test('a message that cannot be decoded ends the consumer, and those before it are committed', async () => {
    await kit.addNumbers('in', 1, 2);
    const id = await kit.backend.addBytes(kit.name('in'), ['n', Uint8Array.of(0xff, 0xfe)]);
    await kit.addNumbers('in', 3, 3);
    const consumer = await kit.started({
      state: { seen: [] as string[] },
      handler: ({ n }, { state }) => state.seen.push(n!),
    });
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION', details: { entry: id } });
    expect(consumer.state.seen).toEqual(['1', '2']);
  });

  test.each([
    new FencedError('met by the handler elsewhere'),
    new StoreUnavailableError('met by the handler elsewhere'),
    new StreamGapError('met by the handler elsewhere'),
  ])('%s that the handler met elsewhere is a failure of the handler', async (cause) => {
    await kit.addNumbers('in', 1, 1);
    let calls = 0;
    const consumer = await kit.started({
      retry: { attempts: 2 },
      handler: () => {
        calls += 1;
        throw cause;
      },
    });
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_HANDLER', cause });
    expect(calls).toBe(2);
  });
});
