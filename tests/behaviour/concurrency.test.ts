import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type StoreKit } from './stores.js';
import { rawKeys, storedStates } from './support/keyed-content.js';
import { enter, expectKeyedLedger, keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';
import { Turnstile } from './support/turnstile.js';

/** Options of a consumer whose handlers wait at a turnstile, half of their work done before and half after. */
function turned(kit: StoreKit, turnstile: Turnstile) {
  return {
    ...keyedLedgerOf(kit),
    handler: async (message: Fields, transaction: Transaction<Ledger>): Promise<void> => {
      transaction.state.count += 1_000;
      await turnstile.pass(message['n']!, transaction.signal);
      transaction.state.count -= 1_000;
      enter(kit, message, transaction);
    },
  };
}

const ALL = Array.from({ length: 200 }, (_, index) => index + 1);

describeStores((kit) => {
  test('messages of one key never overlap and stay in order; those of others overlap up to the concurrency', async () => {
    await kit.add('in', ...keyedNumbers(1, 60, 7));
    const running = new Map<string, string>();
    const orders: Record<string, number[]> = {};
    let most = 0;
    const consumer = await kit.started<Ledger>({
      ...keyedLedgerOf(kit),
      concurrency: 5,
      handler: async (message, transaction) => {
        const { k, n } = message as { k: string; n: string };
        expect(running.get(k)).toBeUndefined();
        running.set(k, n);
        most = Math.max(most, running.size);
        (orders[k] ??= []).push(Number(n));
        await new Promise((resolve) => setTimeout(resolve, (Number(n) * 7) % 5));
        running.delete(k);
        enter(kit, message, transaction);
      },
    });
    await consumer.caughtUp();
    expect(most).toBe(5);
    for (const order of Object.values(orders)) expect(order).toEqual([...order].sort((a, b) => a - b));
    await expectKeyedLedger(kit);
  });

  test('what finished behind an unfinished message is not committed, and comes out in stream order', async () => {
    await kit.add('in', ...keyedNumbers(1, 6, 6));
    const turnstile = new Turnstile();
    const consumer = await kit.started<Ledger>({ ...turned(kit, turnstile), concurrency: 6 });
    await turnstile.until(6);
    for (const n of [6, 4, 2, 5, 3]) turnstile.release(n);
    await waitFor(() => turnstile.running.size === 1, 'all but the first to finish');
    await expectKeyedLedger(kit, 0);
    turnstile.release(1);
    await consumer.caughtUp();
    await expectKeyedLedger(kit);
  });

  test('a commit holds nothing of a later message of the same key, be it finished or running', async () => {
    // 1 (a) finishes first but waits behind 0 (x); 2 and 3 (a) begin on its state while it waits.
    await kit.add('in', { n: 0, k: 'x' }, { n: 1, k: 'a' }, { n: 2, k: 'a' }, { n: 4, k: 'y' }, { n: 3, k: 'a' });
    const turnstile = new Turnstile();
    const consumer = await kit.started<Ledger>({
      ...turned(kit, turnstile),
      concurrency: 3,
      batch: { maxMessages: 2 },
    });
    await turnstile.until(1);
    turnstile.release(1, 2);
    await turnstile.until(3);
    turnstile.release(0);
    await waitFor(async () => (await storedStates(kit))['x'], 'the first commit');
    await waitFor(async () => (await kit.values('out')).length === 3, 'all but the last two');
    await expectKeyedLedger(kit, 3);
    expect(await consumer.stateOf('a')).toMatchObject({ count: 2 });
    turnstile.release(3, 4);
    await consumer.caughtUp();
    await expectKeyedLedger(kit);
  });

  test('a process that ends in the middle leaves effects once: exactly what was behind is handled again', async () => {
    await kit.add('in', ...keyedNumbers(1, 12, 6));
    const turnstile = new Turnstile();
    const first = kit.consumer<Ledger>({ ...turned(kit, turnstile), concurrency: 6, stopTimeoutMs: 200 });
    await first.start();
    await turnstile.until(6);
    turnstile.release(1, 2, 4, 5, 6, 8, 10, 11, 12);
    await waitFor(() => turnstile.running.has('7') && turnstile.running.size === 2, '3 and 7 to be left');
    await waitFor(async () => (await kit.values('out')).length === 2, 'the prefix to be committed');
    await expectKeyedLedger(kit, 2);
    const again = new Turnstile();
    again.release(...ALL);
    const second = await kit.started<Ledger>({ ...turned(kit, again), concurrency: 6, store: kit.connect() });
    await second.caughtUp();
    expect(again.begun.map(Number).sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
    await expectKeyedLedger(kit);
    turnstile.release(3, 7);
    await expect(first.closed).rejects.toMatchObject({ code: 'ARS_FENCED' });
    await expectKeyedLedger(kit);
  });

  test('the window is bounded by four times the concurrency', async () => {
    await kit.add('in', ...keyedNumbers(1, 100, 100));
    const turnstile = new Turnstile();
    turnstile.release(...ALL.slice(1));
    const consumer = await kit.started<Ledger>({ ...turned(kit, turnstile), concurrency: 3 });
    await waitFor(() => turnstile.begun.length === 12, 'the window to fill');
    await new Promise((resolve) => setImmediate(resolve));
    expect(turnstile.begun).toHaveLength(12);
    await expectKeyedLedger(kit, 0);
    turnstile.release(1);
    await consumer.caughtUp();
    await expectKeyedLedger(kit);
    expect(turnstile.most).toBe(3);
  });

  test('the window is bounded in bytes', async () => {
    const big = 'x'.repeat(1_000);
    for (let n = 1; n <= 20; n += 1) await kit.add('in', { n, k: `k${n}`, big });
    const turnstile = new Turnstile();
    turnstile.release(...ALL.slice(1));
    const options = { ...turned(kit, turnstile), concurrency: 10, batch: { maxBytes: 3_500 } };
    const consumer = await kit.started<Ledger>(options);
    await waitFor(() => turnstile.begun.length === 4, 'four messages to begin');
    await waitFor(() => turnstile.running.size === 1, 'three of them to finish');
    expect(turnstile.begun).toHaveLength(4);
    turnstile.release(1);
    await consumer.caughtUp();
    expect(await kit.values('out')).toEqual(ALL.slice(0, 20).map(String));
  });

  test('synchronous handlers with concurrency do the same as without', async () => {
    await kit.add('in', ...keyedNumbers(1, 150, 9));
    const consumer = await kit.started<Ledger>({ ...keyedLedgerOf(kit), concurrency: 8, stateCache: { maxKeys: 2 } });
    await consumer.caughtUp();
    await expectKeyedLedger(kit);
  });

  test('a consumer without state handles at once with a key in order, and without one in any order', async () => {
    await kit.add('in', ...keyedNumbers(1, 12, 2));
    for (const [consumerId, key] of [
      ['keyed', ({ k }: Fields) => k!],
      ['free', undefined],
    ] as const) {
      const turnstile = new Turnstile();
      const out = kit.name(consumerId);
      const consumer = await kit.started<never>({
        ...(key === undefined ? {} : { key }),
        consumerId,
        concurrency: 4,
        handler: async ({ n }, transaction) => {
          await turnstile.pass(n!, transaction.signal);
          transaction.publish(out, { n: n! });
        },
      });
      await turnstile.until(key === undefined ? 4 : 2);
      await new Promise((resolve) => setImmediate(resolve));
      expect([...turnstile.running]).toEqual(key === undefined ? ['1', '2', '3', '4'] : ['1', '2']);
      turnstile.release(...ALL);
      await consumer.caughtUp();
      expect(await kit.values(consumerId)).toEqual(ALL.slice(0, 12).map(String));
      expect(await rawKeys(kit, consumerId)).toEqual({});
    }
  });

  test('afterCommit runs in stream order, whatever finished first', async () => {
    await kit.add('in', ...keyedNumbers(1, 8, 8));
    const turnstile = new Turnstile();
    const calls: string[] = [];
    const consumer = await kit.started<never>({
      concurrency: 8,
      handler: async ({ n }, transaction) => {
        transaction.afterCommit(() => calls.push(n!));
        await turnstile.pass(n!, transaction.signal);
      },
    });
    await turnstile.until(8);
    turnstile.release(8, 6, 4, 2);
    await waitFor(() => turnstile.running.size === 4, 'half to finish');
    expect(calls).toEqual([]);
    turnstile.release(7, 5, 3, 1);
    await consumer.caughtUp();
    await waitFor(() => calls.length === 8, 'all callbacks');
    expect(calls).toEqual(['1', '2', '3', '4', '5', '6', '7', '8']);
  });

  test('caughtUp stays pending while a message behind or before is unfinished', async () => {
    await kit.add('in', ...keyedNumbers(1, 3, 3));
    const turnstile = new Turnstile();
    const consumer = await kit.started<Ledger>({ ...turned(kit, turnstile), concurrency: 3 });
    let isOver = false;
    const waiting = consumer.caughtUp().then(() => (isOver = true));
    turnstile.release(2, 3);
    await waitFor(() => turnstile.running.size === 1 && turnstile.begun.length === 3, 'the others to finish');
    expect(isOver).toBe(false);
    turnstile.release(1);
    await waiting;
    await expectKeyedLedger(kit);
  });
});
