import type { ConsumerEvents } from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { describeStore, type KitConsumer } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { expectLedger, type Ledger, ledgerOf, numbers } from './support/ledger.js';
import { intercepted } from './support/intercepted-store.js';

describeStore('memory', (kit) => {
  const memory = (): MemoryStore => kit.store as MemoryStore;

  /** The numbers that the input now holds, entered again from 1 on, as after lost entries were sent anew. */
  const refill = async (last: number): Promise<void> => {
    const present = (await kit.entries('in')).length;
    if (present < last) await kit.addNumbers('in', present + 1, last);
  };

  test('after an older copy was restored, state, position and outputs agree, and the work goes on', async () => {
    await kit.addNumbers('in', 1, 10);
    const consumer = await kit.started(ledgerOf(kit));
    await consumer.caughtUp();
    const copy = memory().snapshot();
    await kit.addNumbers('in', 11, 15);
    await consumer.caughtUp();
    const before = (await kit.entries('in')).map(({ id }) => id);

    const rewound = nextEvent(consumer, 'rewound');
    memory().restoreSnapshot(copy);
    const { from, to }: ConsumerEvents['rewound'] = await rewound;
    expect([from[0]!.position, to[0]!.position]).toEqual([before[14], before[9]]);
    expect(consumer.state.count).toBe(10);
    await expectLedger(kit, 10);
    expect(consumer.stats().rewinds).toBe(1);

    await refill(20);
    await consumer.caughtUp();
    await expectLedger(kit, 20);
  });

  test('a copy that lost commits but not the input: the messages are handled again', async () => {
    const consumer = await kit.started(ledgerOf(kit));
    const ids = await kit.addNumbers('in', 1, 6);
    await consumer.caughtUp();
    const copy = memory().snapshot();
    await consumer.stop();
    memory().restoreSnapshot(copy);
    expect(ids).toHaveLength(6);
    const next = await kit.started(ledgerOf(kit));
    await next.caughtUp();
    await expectLedger(kit, 6);
  });

  test('a copy restored while a commit is in flight: what was lost is not committed over it', async () => {
    const sent = deferred();
    const gate = deferred();
    let commits = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit' || (commits += 1) !== 2) return proceed();
      sent.resolve();
      await gate.promise;
      return proceed();
    });
    const consumer = await kit.started({ ...ledgerOf(kit), store });
    await kit.addNumbers('in', 1, 3);
    await consumer.caughtUp();
    const copy = memory().snapshot();
    await kit.addNumbers('in', 4, 6);
    await sent.promise;
    memory().restoreSnapshot(copy);
    gate.resolve();
    await refill(9);
    await consumer.caughtUp();
    await expectLedger(kit, 9);
  });

  test('a copy restored while a handler is in the middle ends that handler early', async () => {
    await kit.addNumbers('in', 1, 2);
    const { state, handler } = ledgerOf(kit);
    const running = deferred();
    const aborted = deferred();
    let mayWait = true;
    const consumer = kit.consumer<Ledger>({
      state,
      handler: async (message, transaction) => {
        const { signal } = transaction;
        handler(message, transaction);
        if (message['n'] !== '3' || !mayWait) return;
        running.resolve();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        mayWait = false;
        aborted.resolve();
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    const copy = memory().snapshot();
    await kit.addNumbers('in', 3, 3);
    await running.promise;
    memory().restoreSnapshot(copy);
    await aborted.promise;
    await refill(5);
    await consumer.caughtUp();
    await expectLedger(kit, 5);
  });

  test('a copy from before a takeover: the present owner keeps the consumer', async () => {
    const first = await kit.started({ ...ledgerOf(kit), leaseMs: 100_000 });
    await kit.addNumbers('in', 1, 4);
    await first.caughtUp();
    const copy = memory().snapshot();
    const second = await kit.started(ledgerOf(kit));
    await kit.addNumbers('in', 5, 6);
    await second.caughtUp();
    await failureOf(first.closed);
    memory().restoreSnapshot(copy);
    await refill(8);
    await second.caughtUp();
    await expectLedger(kit, 8);
  });

  test('a copy from before the consumer existed ends it: it never starts fresh by itself', async () => {
    await kit.addNumbers('in', 1, 2);
    const copy = memory().snapshot();
    const consumer = await kit.started(ledgerOf(kit));
    await consumer.caughtUp();
    memory().restoreSnapshot(copy);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(await kit.entries('out')).toEqual([]);
  });

  test('older copies restored again and again under load: state, position and outputs always agree', async () => {
    let consumer: KitConsumer<Ledger> = await kit.started({ ...ledgerOf(kit), batch: { maxMessages: 5 } });
    let copy = memory().snapshot();
    let rewinds = 0;
    for (let round = 1; round <= 60; round += 1) {
      await refill((await kit.entries('in')).length + 7);
      if (round % 3 === 0) await new Promise(setImmediate);
      if (round % 4 === 0) copy = memory().snapshot();
      if (round % 2 === 0) memory().restoreSnapshot(copy);
      if (round % 10 === 0) {
        rewinds += consumer.stats().rewinds;
        await consumer.stop();
        consumer = await kit.started({ ...ledgerOf(kit), batch: { maxMessages: 5 } });
      }
    }
    await refill((await kit.entries('in')).length + 5);
    await consumer.caughtUp();
    const inputs = await kit.values('in');
    expect(inputs).toEqual(numbers(1, inputs.length));
    await expectLedger(kit, inputs.length);
    expect(rewinds).toBeGreaterThan(0);
  });

  test('caughtUp is settled by a rewind that took back the entries it waited for', async () => {
    await kit.addNumbers('in', 1, 3);
    const { state, handler } = ledgerOf(kit);
    const gate = deferred();
    const running = deferred();
    const consumer = kit.consumer<Ledger>({
      state,
      handler: async (message, transaction) => {
        handler(message, transaction);
        if (message['n'] !== '5') return;
        running.resolve();
        await gate.promise;
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    const copy = memory().snapshot();
    await kit.addNumbers('in', 4, 5);
    await running.promise;
    const caughtUp = consumer.caughtUp();
    await kit.store.tail([kit.name('in')]);
    memory().restoreSnapshot(copy);
    gate.resolve();
    await caughtUp;
    await expectLedger(kit, 3);
  }, 5_000);

  test('an owner whose takeover was lost claims again, and suspects no message: nobody has died', async () => {
    const first = await kit.started({ handler: () => {} });
    const copy = memory().snapshot();
    await first.stop();
    const marks: unknown[] = [];
    const address = { consumerId: 'consumer', home: kit.tag, scope: kit.name('in'), streams: [kit.name('in')] };
    const owner = await kit.started({
      deadLetter: kit.name('dead'),
      handler: async () => {
        const home = await kit.store.openHome({ ...address, readsHere: true, stateName: null, isKeyed: false });
        marks.push((await home.inspect()).record?.suspect);
        home.close();
      },
    });
    const rewound = nextEvent(owner, 'rewound');
    memory().restoreSnapshot(copy);
    await rewound;
    await kit.addNumbers('in', 1, 2);
    await owner.caughtUp();
    expect(marks).toEqual([undefined, undefined]);
  });

  test('a handler that ignores its signal after a rewind ends the consumer at the deadline', async () => {
    await kit.addNumbers('in', 1, 1);
    const running = deferred();
    const consumer = await kit.started({
      stopTimeoutMs: 30,
      handler: () => {
        running.resolve();
        return new Promise(() => {});
      },
    });
    await running.promise;
    memory().restoreSnapshot(memory().snapshot());
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_HANDLER' });
  });
});
