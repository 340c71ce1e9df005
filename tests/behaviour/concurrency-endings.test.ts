import { ConfigurationError, type Fields, type Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type StoreKit } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { enter, expectKeyedLedger, keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';
import { Turnstile } from './support/turnstile.js';

const ALL = Array.from({ length: 200 }, (_, index) => index + 1);

function turned(kit: StoreKit, turnstile: Turnstile) {
  return {
    ...keyedLedgerOf(kit),
    handler: async (message: Fields, transaction: Transaction<Ledger>): Promise<void> => {
      transaction.state.hash = -1;
      await turnstile.pass(message['n']!, transaction.signal);
      transaction.state.hash = Number(transaction.state.count === 0 ? 0 : kept.get(message['k']!));
      enter(kit, message, transaction);
      kept.set(message['k']!, transaction.state.hash);
    },
  };
}

/** The hash that the last message of a key left; it is spoilt on purpose before each handler waits. */
const kept = new Map<string, number>();

describeStores((kit) => {
  test('a failure that ends the consumer: all before it is committed, nothing behind it, and the running get their signal', async () => {
    await kit.add('in', ...keyedNumbers(1, 6, 6));
    const turnstile = new Turnstile();
    const reasons: unknown[] = [];
    const { handler, ...rest } = turned(kit, turnstile);
    const consumer = await kit.started<Ledger>({
      ...rest,
      concurrency: 6,
      retry: { attempts: 1 },
      handler: (message, transaction) => {
        transaction.signal.addEventListener('abort', () => reasons.push(message['n']));
        return handler(message, transaction);
      },
    });
    await turnstile.until(6);
    turnstile.fail(4, new Error('for good'));
    turnstile.release(5, 2);
    await waitFor(() => turnstile.running.size === 3, 'three to be left');
    await expectKeyedLedger(kit, 0);
    turnstile.release(1, 3);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_HANDLER' });
    expect(reasons).toEqual(['6']);
    await expectKeyedLedger(kit, 3);

    const again = new Turnstile();
    again.release(...ALL);
    const next = await kit.started<Ledger>({ ...turned(kit, again), concurrency: 6 });
    await next.caughtUp();
    expect([...again.begun].sort()).toEqual(['4', '5', '6']);
    await expectKeyedLedger(kit);
  });

  test('stop() lets running handlers finish, commits the finished prefix and drops what is behind', async () => {
    await kit.add('in', ...keyedNumbers(1, 20, 20));
    const turnstile = new Turnstile();
    const consumer = await kit.started<Ledger>({ ...turned(kit, turnstile), concurrency: 4 });
    await turnstile.until(4);
    turnstile.release(2);
    await turnstile.until(5);
    const stopping = consumer.stop();
    turnstile.release(1, 3, 5);
    turnstile.fail(4, new Error('while stopping'));
    await stopping;
    await consumer.closed;
    expect(turnstile.begun).toHaveLength(5);
    await expectKeyedLedger(kit, 3);
  });

  test('a handler that never settles: stop() gives up at its deadline with the finished prefix committed', async () => {
    await kit.add('in', ...keyedNumbers(1, 4, 4));
    const never = deferred();
    const consumer = await kit.started<Ledger>({
      ...keyedLedgerOf(kit),
      concurrency: 4,
      stopTimeoutMs: 300,
      handler: (message, transaction) => (message['n'] === '3' ? never.promise : enter(kit, message, transaction)),
    });
    await waitFor(async () => (await kit.entries('out')).length === 2, 'the prefix to be committed');
    await consumer.stop();
    await expectKeyedLedger(kit, 2);
    const next = await kit.started<Ledger>({ ...keyedLedgerOf(kit), concurrency: 4 });
    await next.caughtUp();
    await expectKeyedLedger(kit);
    never.resolve();
  });

  test('a stream that cannot be read on ends the consumer once all that was read is committed', async () => {
    await kit.add('in', ...keyedNumbers(1, 6, 6));
    const turnstile = new Turnstile();
    let reads = 0;
    const unreadable = deferred();
    const store = intercepted(kit.store, (call, proceed) => {
      if (call !== 'read' || (reads += 1) === 1) return proceed();
      unreadable.resolve();
      return Promise.reject(new ConfigurationError('no stream any more'));
    });
    const consumer = await kit.started<Ledger>({ ...turned(kit, turnstile), concurrency: 3, store });
    await turnstile.until(3);
    await unreadable.promise;
    turnstile.release(...ALL);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_CONFIGURATION' });
    await expectKeyedLedger(kit);
  });

  test('a fenced consumer with a full window ends its handlers, and commits nothing more', async () => {
    await kit.add('in', ...keyedNumbers(1, 8, 8));
    const turnstile = new Turnstile();
    const first = await kit.started<Ledger>({ ...turned(kit, turnstile), concurrency: 4 });
    await turnstile.until(4);
    turnstile.release(2, 3);
    const second = await kit.started<Ledger>({ ...keyedLedgerOf(kit), concurrency: 4, store: kit.connect() });
    await second.caughtUp();
    turnstile.release(1);
    expect(await failureOf(first.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect(turnstile.running.size).toBe(0);
    await expectKeyedLedger(kit);
    await kit.add('in', { n: 9, k: 'k2' });
    await second.caughtUp();
    expect(await first.stateOf('k2')).toMatchObject({ count: 2 });
  });
});
