import { CommitError, StoreUnavailableError, type StreamStore } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStore, describeStores, type StoreKit } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { type Interceptor, intercepted } from './support/intercepted-store.js';
import { expectKeyedLedger, keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';
import type { MemoryBackend } from './support/memory-backend.js';

/** A store that tells which keys are loaded, load by load. */
function watched(kit: StoreKit, intercept: Interceptor = (_, proceed) => proceed()) {
  const loads: string[][] = [];
  const inner = intercepted(kit.store, intercept);
  const store: StreamStore = {
    ...inner,
    openHome: async (address) => {
      const home = await inner.openHome(address);
      return {
        ...home,
        load: (token, keys) => {
          loads.push([...keys]);
          return home.load(token, keys);
        },
      };
    },
  };
  return { loads, store };
}

describeStores((kit) => {
  test.each([{ maxKeys: 1 }, { maxKeys: 2 }, { maxKeys: 5 }, { maxBytes: 2_000 }])(
    'with a cache of %o and 100 keys, every key is exact',
    async (stateCache) => {
      const { store, loads } = watched(kit);
      const options = { ...keyedLedgerOf(kit), store, stateCache, batch: { maxMessages: 20 } };
      await kit.add('in', ...keyedNumbers(1, 250, 100));
      const consumer = await kit.started<Ledger>(options);
      await consumer.caughtUp();
      await kit.add('in', ...keyedNumbers(251, 300, 100));
      await consumer.caughtUp();
      await expectKeyedLedger(kit);
      expect(new Set(loads.flat()).size).toBe(100);
      expect(loads.flat().length).toBeGreaterThanOrEqual(250);
    },
  );

  test('a key that stays cached is loaded once, and those of one batch together', async () => {
    await kit.add('in', ...keyedNumbers(1, 300, 30));
    const { store, loads } = watched(kit);
    const consumer = await kit.started<Ledger>({ ...keyedLedgerOf(kit), store });
    await consumer.caughtUp();
    expect(loads.flat().sort()).toEqual([...new Set(loads.flat())].sort());
    expect(loads).toHaveLength(1);
    await kit.add('in', ...keyedNumbers(301, 330, 30));
    await consumer.caughtUp();
    expect(loads).toHaveLength(1);
    await expectKeyedLedger(kit);
  });

  test('a message that fails while messages go one by one holds its key in the cache no longer than others do', async () => {
    await kit.add('in', { n: 1, k: 'a' }, { n: 2, k: 'b' });
    let commits = 0;
    const { store, loads } = watched(kit, (call, proceed) =>
      call === 'commit' && (commits += 1) === 1
        ? Promise.reject(new CommitError('refused', { reason: 'WRONGTYPE' }))
        : proceed(),
    );
    const { handler, ...ledger } = keyedLedgerOf(kit);
    const attempts: number[] = [];
    const consumer = await kit.started<Ledger>({
      ...ledger,
      store,
      concurrency: 2,
      stateCache: { maxKeys: 1 },
      handler: (message, transaction) => {
        if (message['n'] === '1') attempts.push(transaction.entry.attempt);
        if (attempts.length === 2 && message['n'] === '1') throw new Error('once');
        handler(message, transaction);
      },
    });
    await consumer.caughtUp();
    expect(attempts).toEqual([1, 1, 2]); // refused together with another, failed alone, done
    for (const [n, k] of ['b', 'a', 'b', 'a'].entries()) {
      await kit.add('in', { n: n + 3, k });
      await consumer.caughtUp();
    }
    // With room for one, each of them puts out the other.
    expect(loads.slice(-3)).toEqual([['a'], ['b'], ['a']]);
    await expectKeyedLedger(kit);
  });

  test('keys that are all new cost about two round trips a batch, not one each', async () => {
    await kit.add('in', ...keyedNumbers(1, 600, 600));
    const { store, loads } = watched(kit);
    const options = { ...keyedLedgerOf(kit), store, batch: { maxMessages: 50 }, stateCache: { maxKeys: 10 } };
    const consumer = await kit.started<Ledger>(options);
    await consumer.caughtUp();
    expect(loads.flat()).toHaveLength(600);
    expect(loads.length).toBeLessThanOrEqual(26);
    await expectKeyedLedger(kit);
  });

  test('a load whose connection or answer is lost is asked for again, and nothing is handled twice', async () => {
    await kit.add('in', ...keyedNumbers(1, 60, 20));
    let count = 0;
    const { store } = watched(kit, async (call, proceed) => {
      const answer = await proceed();
      if (call === 'load' && (count += 1) % 2 === 1) throw new StoreUnavailableError('lost', { ran: 'unknown' });
      return answer;
    });
    const handled: string[] = [];
    const { handler, ...rest } = keyedLedgerOf(kit);
    const consumer = await kit.started<Ledger>({
      ...rest,
      store,
      batch: { maxMessages: 10 },
      stateCache: { maxKeys: 2 },
      handler: (message, transaction) => {
        handled.push(message['n']!);
        return handler(message, transaction);
      },
    });
    await consumer.caughtUp();
    expect(count).toBeGreaterThan(4);
    expect(handled).toHaveLength(60);
    await expectKeyedLedger(kit);
  });

  test('a load that an earlier connection answers late keeps nobody waiting', async () => {
    await kit.add('in', ...keyedNumbers(1, 40, 40));
    const late = deferred();
    const asked = deferred();
    let loads = 0;
    const { store } = watched(kit, async (call, proceed) => {
      if (call !== 'load' || (loads += 1) > 1) return proceed();
      const answer = await proceed();
      asked.resolve();
      await late.promise;
      return answer;
    });
    let fail = false;
    const flaky = intercepted(store, (call, proceed) => {
      if (call !== 'renew' || !fail) return proceed();
      fail = false;
      return Promise.reject(new StoreUnavailableError('lost', { ran: 'unknown' }));
    });
    const options = { ...keyedLedgerOf(kit), batch: { maxMessages: 10 }, leaseMs: 100 };
    const consumer = await kit.started<Ledger>({ ...options, store: flaky });
    await asked.promise;
    fail = true; // the next heartbeat raises a doubt, and new connections are opened
    await waitFor(() => consumer.stats().recoveries > 0 && !fail, 'a recovery');
    await new Promise((resolve) => setTimeout(resolve, 20));
    late.resolve();
    await consumer.caughtUp();
    await expectKeyedLedger(kit);
  });

  test('an owner that is fenced while it loads commits nothing', async () => {
    await kit.add('in', ...keyedNumbers(1, 20, 5));
    const held = deferred();
    const asked = deferred();
    const { store } = watched(kit, async (call, proceed) => {
      if (call !== 'load') return proceed();
      asked.resolve();
      await held.promise;
      return proceed();
    });
    const first = await kit.started<Ledger>({ ...keyedLedgerOf(kit), store });
    await asked.promise;
    const second = await kit.started<Ledger>({ ...keyedLedgerOf(kit), store: kit.connect() });
    await second.caughtUp();
    held.resolve();
    expect(await failureOf(first.closed)).toMatchObject({ code: 'ARS_FENCED' });
    await expectKeyedLedger(kit);
  });

  test('lost answers to commits: every key once', async () => {
    await kit.add('in', ...keyedNumbers(1, 80, 12));
    let commits = 0;
    const { store } = watched(kit, async (call, proceed) => {
      const isLost = call === 'commit' && (commits += 1) % 3 === 0;
      if (isLost && commits % 2 === 0) throw new StoreUnavailableError('never sent', { ran: 'no' });
      const answer = await proceed();
      if (isLost) throw new StoreUnavailableError('answer lost', { ran: 'unknown' });
      return answer;
    });
    const options = { ...keyedLedgerOf(kit), store, batch: { maxMessages: 7 }, stateCache: { maxKeys: 3 } };
    const consumer = await kit.started<Ledger>({ ...options, concurrency: 3 });
    await consumer.caughtUp();
    expect(consumer.stats()).toMatchObject({ messages: 80, failures: 0 });
    await expectKeyedLedger(kit);
  });
});

describeStore('memory', (kit) => {
  test.each([1, 4])(
    'when an older copy was restored, every key is as of then, and what was loaded before counts no more (%i at once)',
    async (concurrency) => {
      const { memory } = kit.backend as MemoryBackend;
      await kit.add('in', ...keyedNumbers(1, 30, 10));
      const held = deferred();
      const asked = deferred();
      let hold = false;
      const { store } = watched(kit, async (call, proceed) => {
        const answer = await proceed();
        if (call === 'load' && hold) {
          hold = false;
          asked.resolve();
          await held.promise;
        }
        return answer;
      });
      const options = { ...keyedLedgerOf(kit), stateCache: { maxKeys: 3 }, store, concurrency };
      const consumer = await kit.started<Ledger>(options);
      await consumer.caughtUp();
      const copy = memory.snapshot();
      await kit.add('in', ...keyedNumbers(31, 60, 10));
      await consumer.caughtUp();
      hold = true;
      await kit.add('in', { n: 61, k: 'k1' }, { n: 62, k: 'k5' }, { n: 63, k: 'k9' });
      await asked.promise;
      const rewound = nextEvent(consumer, 'rewound');
      memory.restoreSnapshot(copy);
      await rewound;
      held.resolve();
      expect(await consumer.stateOf('k1')).toMatchObject({ count: 3 });
      await kit.add('in', ...keyedNumbers(31, 45, 10));
      await consumer.caughtUp();
      await expectKeyedLedger(kit);
    },
  );
});
