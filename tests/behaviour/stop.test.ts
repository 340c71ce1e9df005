import { type Environment, systemEnvironment, type Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { expectLedger, ledgerOf } from './support/ledger.js';

describeStores((kit) => {
  test('stop finishes the message in hand, commits it, and handles no other', async () => {
    await kit.addNumbers('in', 1, 3);
    const { state, handler } = ledgerOf(kit);
    const running = deferred();
    const gate = deferred();
    const consumer = await kit.started({
      state,
      handler: async (message, transaction) => {
        if (message['n'] === '2') {
          running.resolve();
          await gate.promise;
        }
        handler(message, transaction);
      },
    });
    await running.promise;
    const stopping = consumer.stop();
    gate.resolve();
    await stopping;
    await consumer.closed;
    expect(consumer.state.count).toBe(2);
    expect(await kit.values('out')).toEqual(['1', '2']);
    const next = await kit.started(ledgerOf(kit));
    await next.caughtUp();
    await expectLedger(kit, 3);
  });

  test('stop in the middle of a retry does not wait for it', async () => {
    await kit.addNumbers('in', 1, 2);
    const { state, handler } = ledgerOf(kit);
    const consumer = kit.consumer({
      state,
      retry: { minDelayMs: 1_000_000, maxDelayMs: 1_000_000 },
      handler: (message, transaction) => {
        handler(message, transaction);
        if (message['n'] === '2') throw new Error('not yet');
      },
    });
    const retry = nextEvent(consumer, 'retry');
    await consumer.start();
    await retry;
    await consumer.stop();
    expect(consumer.state.count).toBe(1);
    const next = await kit.started(ledgerOf(kit));
    await next.caughtUp();
    await expectLedger(kit, 2);
  });

  test('stop in the middle of a retry leaves no timer that would keep the process alive', async () => {
    await kit.addNumbers('in', 1, 1);
    const waits = new Set<number>();
    let made = 0;
    const environment: Environment = {
      ...systemEnvironment,
      after: (delayMs, callback) => {
        const name = (made += 1);
        const cancel = systemEnvironment.after(delayMs, callback);
        if (delayMs >= 500_000) waits.add(name);
        return () => {
          waits.delete(name);
          cancel();
        };
      },
    };
    const consumer = kit.consumer({
      environment,
      retry: { minDelayMs: 1_000_000, maxDelayMs: 1_000_000 },
      handler: () => {
        throw new Error('not yet');
      },
    });
    const retry = nextEvent(consumer, 'retry');
    await consumer.start();
    await retry;
    expect(waits.size).toBe(1);
    await consumer.stop();
    expect(waits.size).toBe(0);
  });

  test('a failure during stop is undone, not retried; the stop succeeds', async () => {
    await kit.addNumbers('in', 1, 1);
    const running = deferred();
    const gate = deferred();
    let calls = 0;
    const consumer = await kit.started({
      state: { count: 0 },
      retry: { attempts: 1 },
      handler: async (_, { state }) => {
        calls += 1;
        state.count += 1;
        running.resolve();
        await gate.promise;
        throw new Error('fails while stopping');
      },
    });
    await running.promise;
    const stopping = consumer.stop();
    gate.resolve();
    await stopping;
    await expect(consumer.closed).resolves.toBeUndefined();
    expect([calls, consumer.state.count]).toEqual([1, 0]);
  });

  test('a handler that never settles does not outlive the deadline of stop', async () => {
    await kit.addNumbers('in', 1, 2);
    const running = deferred<Transaction<{ count: number }>>();
    const aborted = deferred();
    const consumer = await kit.started({
      state: { count: 0 },
      stopTimeoutMs: 30,
      handler: ({ n }, transaction) => {
        transaction.state.count += 1;
        if (n === '1') return undefined;
        transaction.signal.addEventListener('abort', () => aborted.resolve());
        running.resolve(transaction);
        return new Promise(() => {});
      },
    });
    const transaction = await running.promise;
    await nextEvent(consumer, 'commit').then(() => consumer.stop());
    await aborted.promise;
    await consumer.closed;
    expect(consumer.state.count).toBe(1);
    expect(() => transaction.state).toThrow(expect.objectContaining({ code: 'ARS_TRANSACTION_CLOSED' }));
    const next = await kit.started({ state: { count: 0 }, handler: (_, { state }) => (state.count += 1) });
    await next.caughtUp();
    expect(next.state.count).toBe(2);
  });

  test('stop gives the same promise each time, and never rejects', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({
      retry: { attempts: 1 },
      handler: () => {
        throw new Error('ends it');
      },
    });
    const error = await failureOf(consumer.closed);
    const stopping = consumer.stop();
    expect(consumer.stop()).toBe(stopping);
    await stopping;
    expect(await failureOf(consumer.closed)).toBe(error);
  });

  test('stop ends by its deadline with the store away', async () => {
    await kit.addNumbers('in', 1, 1);
    const store = kit.connect();
    const consumer = await kit.started({ store, stopTimeoutMs: 300, handler: () => {} });
    await store.close();
    await consumer.stop();
    await consumer.closed;
  });

  test('a consumer that stopped gave its claim up: the next one takes over from nobody', async () => {
    const first = await kit.started({ handler: () => {} });
    await first.stop();
    await kit.started({ handler: () => {} });
    expect(kit.logger.texts('warn')).toEqual([]);
  });

  test('the signal option stops the consumer as stop does', async () => {
    await kit.addNumbers('in', 1, 5);
    const controller = new AbortController();
    const consumer = await kit.started({ ...ledgerOf(kit), signal: controller.signal });
    await consumer.caughtUp();
    controller.abort();
    await consumer.closed;
    await kit.addNumbers('in', 6, 6);
    await (await kit.started(ledgerOf(kit))).caughtUp();
    await expectLedger(kit, 6);
  });

  test('a consumer whose signal is aborted already is a stopped one', async () => {
    const consumer = kit.consumer({ signal: AbortSignal.abort(), handler: () => {} });
    await expect(consumer.start()).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
    await consumer.closed;
  });

  test('await using stops the consumer at the end of its block', async () => {
    let closed: Promise<void>;
    {
      await using consumer = await kit.started({ handler: () => {} });
      closed = consumer.closed;
    }
    await closed;
    await kit.started({ handler: () => {} });
    expect(kit.logger.texts('warn')).toEqual([]);
  });

  test('stop waits for callbacks that follow the commit', async () => {
    await kit.addNumbers('in', 1, 1);
    const running = deferred();
    const gate = deferred();
    let isDone = false;
    const consumer = await kit.started({
      handler: (_, transaction) =>
        transaction.afterCommit(async () => {
          running.resolve();
          await gate.promise;
          isDone = true;
        }),
    });
    await running.promise;
    const stopping = consumer.stop();
    gate.resolve();
    await stopping;
    expect(isDone).toBe(true);
  });

  test('a callback that never settles does not outlive the deadline of stop either', async () => {
    await kit.addNumbers('in', 1, 1);
    const running = deferred();
    const consumer = await kit.started({
      stopTimeoutMs: 30,
      handler: (_, transaction) =>
        transaction.afterCommit(() => {
          running.resolve();
          return new Promise(() => {});
        }),
    });
    await running.promise;
    await consumer.stop();
    await consumer.closed;
  });

  test('a callback may stop the consumer', async () => {
    await kit.addNumbers('in', 1, 3);
    const consumer = kit.consumer({
      state: { count: 0 },
      batch: { maxMessages: 1 },
      handler: ({ n }, transaction) => {
        transaction.state.count += 1;
        if (n === '2') transaction.afterCommit(() => void consumer.stop());
      },
    });
    await consumer.start();
    await consumer.closed;
    expect(consumer.state.count).toBeGreaterThanOrEqual(2);
  });
});
