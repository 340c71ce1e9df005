import { StoreUnavailableError } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores } from './stores.js';
import { deferred } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';

describeStores((kit) => {
  test('stateOf answers what is committed before the start, while running, cached or not, and after the end', async () => {
    await kit.add('in', ...keyedNumbers(1, 40, 10));
    const fresh = kit.consumer<Ledger>(keyedLedgerOf(kit));
    expect(await fresh.stateOf('k3')).toBeUndefined();
    const consumer = await kit.started<Ledger>({ ...keyedLedgerOf(kit), stateCache: { maxKeys: 2 } });
    await consumer.caughtUp();
    const check = async (one: typeof consumer): Promise<void> => {
      for (let key = 0; key < 10; key += 1) expect(await one.stateOf(`k${key}`)).toMatchObject({ count: 4 });
      expect(await one.stateOf('none')).toBeUndefined();
    };
    await check(consumer);
    await check(fresh);
    await consumer.stop();
    await check(consumer);
  });

  test('stateOf never tells of work that is not committed, be it running, handled or in flight', async () => {
    await kit.add('in', ...keyedNumbers(1, 2, 1));
    const sent = deferred();
    const gate = deferred();
    let hold = false;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit' || !hold) return proceed();
      sent.resolve();
      await gate.promise;
      return proceed();
    });
    const running = deferred();
    const goOn = deferred();
    const { handler, ...rest } = keyedLedgerOf(kit);
    const consumer = await kit.started<Ledger>({
      ...rest,
      store,
      batch: { maxMessages: 3 },
      handler: async (message, transaction) => {
        handler(message, transaction);
        if (message['n'] !== '5') return;
        running.resolve();
        await goOn.promise;
      },
    });
    await consumer.caughtUp();
    hold = true;
    await kit.add('in', { n: 3, k: 'k0' }, { n: 4, k: 'k0' }, { n: 4, k: 'new' }, { n: 5, k: 'k0' });
    await Promise.all([sent.promise, running.promise]);
    expect(await consumer.stateOf('k0')).toMatchObject({ count: 2 });
    expect(await consumer.stateOf('new')).toBeUndefined();
    hold = false;
    gate.resolve();
    goOn.resolve();
    await consumer.caughtUp();
    expect(await consumer.stateOf('k0')).toMatchObject({ count: 5 });
  });

  test('what stateOf answers is a copy', async () => {
    await kit.add('in', { n: 1, k: 'a' });
    const consumer = await kit.started<Ledger>(keyedLedgerOf(kit));
    await consumer.caughtUp();
    ((await consumer.stateOf('a')) as Ledger).count = 99;
    expect(await consumer.stateOf('a')).toMatchObject({ count: 1 });
  });

  test('in doubt, stateOf answers the last commit that is known', async () => {
    await kit.add('in', ...keyedNumbers(1, 10, 5));
    let isAway = false;
    const store = intercepted(kit.store, (call, proceed) =>
      isAway && (call === 'renew' || call === 'commit')
        ? Promise.reject(new StoreUnavailableError('away', {}))
        : proceed(),
    );
    const consumer = await kit.started<Ledger>({ ...keyedLedgerOf(kit), store });
    await consumer.caughtUp();
    isAway = true;
    await kit.add('in', ...keyedNumbers(11, 15, 5));
    await waitFor(() => consumer.stats().recoveries > 0, 'a doubt');
    for (let key = 0; key < 5; key += 1) expect(await consumer.stateOf(`k${key}`)).toMatchObject({ count: 2 });
    isAway = false;
    await consumer.caughtUp();
    expect(await consumer.stateOf('k0')).toMatchObject({ count: 3 });
  });

  test('states() gives each of 5,000 keys while messages are handled, each as of some commit', async () => {
    const entries = keyedNumbers(0, 4_999, 5_000);
    const producer = kit.producer();
    for (let from = 0; from < 5_000; from += 250) {
      await Promise.all(entries.slice(from, from + 250).map((entry) => producer.publish(kit.name('in'), entry)));
    }
    const { handler: _, ...rest } = keyedLedgerOf(kit);
    const consumer = await kit.started<Ledger>({ ...rest, handler: (_message, { state }) => void (state.count += 1) });
    await consumer.caughtUp();
    const counts = new Map<string, number>();
    let pages = 0;
    for await (const [key, state] of consumer.states()) {
      counts.set(key, Math.max(counts.get(key) ?? 0, state.count));
      if ((pages += 1) % 500 === 0) await kit.add('in', { n: pages, k: `k${pages}` }, { n: pages, k: 'k0' });
    }
    expect(counts.size).toBe(5_000);
    for (const [key, count] of counts) expect(count, key).toBeGreaterThanOrEqual(1);
    await consumer.caughtUp();
    expect(await consumer.stateOf('k0')).toMatchObject({ count: 1 + Math.floor(pages / 500) });
  });

  test('states() of a consumer that has none yet is empty, and may be left early', async () => {
    const consumer = kit.consumer<Ledger>(keyedLedgerOf(kit));
    expect((await consumer.states().next()).done).toBe(true);
    await kit.add('in', ...keyedNumbers(1, 10, 10));
    await consumer.start();
    await consumer.caughtUp();
    for await (const [, state] of consumer.states()) {
      expect(state).toMatchObject({ count: 1 });
      break;
    }
  });
});
