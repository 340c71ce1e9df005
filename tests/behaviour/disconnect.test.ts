import type { MemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStore, describeStores, type KitConsumer } from './stores.js';
import { deferred } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { expectLedger, type Ledger, ledgerOf, numbers } from './support/ledger.js';
import { StoreUnavailableError } from '@ars/core';

describeStore('memory', (kit) => {
  /** Most cuts come while an earlier one is mended; one that comes to a consumer at rest must be noticed. */
  async function cutOnceMended(consumer: KitConsumer<Ledger>): Promise<void> {
    await consumer.caughtUp();
    const { recoveries } = consumer.stats();
    (kit.store as MemoryStore).disconnect();
    await waitFor(() => consumer.stats().recoveries > recoveries, 'the cut to be noticed');
  }

  test('connections cut again and again under load lose and double nothing, and no message is handled twice', async () => {
    const { state, handler } = ledgerOf(kit);
    const handled: string[] = [];
    const consumer = await kit.started({
      state,
      batch: { maxMessages: 8 },
      handler: async (message, transaction) => {
        if (Number(message['n']) % 5 === 0) await new Promise(setImmediate);
        handled.push(message['n']!);
        handler(message, transaction);
        expect(transaction.entry.attempt).toBe(1);
      },
    });
    for (let round = 0; round < 50; round += 1) {
      await kit.addNumbers('in', round * 10 + 1, round * 10 + 10);
      for (let turns = round % 5; turns > 0; turns -= 1) await new Promise(setImmediate);
      (kit.store as MemoryStore).disconnect();
      if (round % 8 === 7) await cutOnceMended(consumer);
    }
    await consumer.caughtUp();
    await expectLedger(kit, 500);
    expect(handled).toEqual(numbers(1, 500));
    expect(consumer.stats().recoveries).toBeGreaterThan(5);
    expect(consumer.stats()).toMatchObject({ failures: 0, rewinds: 0 });
  });
});

describeStores((kit) => {
  const lost = () => new StoreUnavailableError('the test lost the answer', { ran: 'unknown' });

  test.each([
    ['before it was applied', false],
    ['after it was applied', true],
  ])('a commit whose answer is lost %s is resolved: no second run of the handler, no double', async (_, isApplied) => {
    await kit.addNumbers('in', 1, 60);
    const { state, handler } = ledgerOf(kit);
    const handled: string[] = [];
    const after: string[] = [];
    let commits = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit') return proceed();
      commits += 1;
      if (commits % 3 !== 1) return proceed();
      if (isApplied) await proceed();
      throw lost();
    });
    const consumer = await kit.started({
      store,
      state,
      batch: { maxMessages: 7 },
      handler: (message, transaction) => {
        handled.push(message['n']!);
        handler(message, transaction);
        transaction.afterCommit(() => after.push(message['n']!));
      },
    });
    await consumer.caughtUp();
    await expectLedger(kit, 60);
    await consumer.stop();
    expect(handled).toEqual(numbers(1, 60));
    expect(after).toEqual(numbers(1, 60));
  });

  test('answers lost at random, of every call, lose and double nothing', async () => {
    const adding = kit.addNumbers('in', 1, 200);
    let calls = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      calls += 1;
      const dice = (calls * 2_654_435_761) % 7;
      if (call === 'release' || dice > 1) return proceed();
      if (dice === 1) await proceed();
      throw lost();
    });
    let consumer = kit.consumer({ ...ledgerOf(kit), store, batch: { maxMessages: 9 } });
    while (
      await consumer.start().then(
        () => false,
        () => true,
      )
    ) {
      consumer = kit.consumer({ ...ledgerOf(kit), store, batch: { maxMessages: 9 } });
    }
    await adding;
    await consumer.caughtUp();
    await expectLedger(kit, 200);
  });

  test('a resend that arrives together with its late original is applied once', async () => {
    await kit.addNumbers('in', 1, 5);
    const originals: (() => Promise<unknown>)[] = [];
    const held = deferred();
    const store = intercepted(kit.store, (call, proceed) => {
      if (call !== 'commit') return proceed();
      originals.push(proceed);
      if (originals.length > 1) return proceed();
      held.resolve();
      return Promise.reject(lost());
    });
    const consumer = await kit.started({ ...ledgerOf(kit), store });
    await held.promise;
    await consumer.caughtUp();
    const [late] = originals;
    await late!().catch(() => {});
    await expectLedger(kit, 5);
  });
});
