import { expect, test } from 'vitest';
import { describeStores, type KitConsumer } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { expectLedger, type Ledger, ledgerOf } from './support/ledger.js';

describeStores((kit) => {
  test('a second owner fences the first, which ends and says so', async () => {
    await kit.addNumbers('in', 1, 3);
    const first = await kit.started({ ...ledgerOf(kit), leaseMs: 150 });
    await first.caughtUp();
    const fenced = nextEvent(first, 'fenced');
    const second = await kit.started({ ...ledgerOf(kit), store: kit.connect() });
    await kit.addNumbers('in', 4, 6);
    expect(await fenced).toEqual({ consumer: 'consumer' });
    const error = await failureOf(first.closed);
    expect(error).toMatchObject({ code: 'ARS_FENCED', details: { stream: kit.name('in'), consumer: 'consumer' } });
    expect(await failureOf(first.caughtUp())).toBe(error);
    await second.caughtUp();
    await expectLedger(kit, 6);
    expect(kit.logger.texts('warn').some((text) => text.includes('took over from owner'))).toBe(true);
  });

  test('a commit of a fenced owner that arrives late changes nothing', async () => {
    await kit.addNumbers('in', 1, 3);
    const sent = deferred();
    const gate = deferred();
    const answer = deferred<unknown>();
    const slow = intercepted(kit.connect(), async (call, proceed) => {
      if (call !== 'commit') return proceed();
      sent.resolve();
      await gate.promise;
      const answered = await proceed();
      answer.resolve(answered);
      return answered;
    });
    const calls: string[] = [];
    const { state, handler } = ledgerOf(kit);
    const first = await kit.started({
      state,
      store: slow,
      handler: (message, transaction) => {
        handler(message, transaction);
        transaction.afterCommit(() => calls.push(message['n']!));
      },
    });
    await sent.promise;
    const second = await kit.started(ledgerOf(kit));
    await second.caughtUp();
    gate.resolve();
    expect(await answer.promise).toEqual({ outcome: 'fenced' });
    expect(await failureOf(first.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect(first.state).toEqual({ count: 0, hash: 0 });
    expect(calls).toEqual([]);
    await expectLedger(kit, 3);
  });

  test('a commit that was applied before the takeover but not answered is not done again', async () => {
    await kit.addNumbers('in', 1, 3);
    const applied = deferred();
    const gate = deferred();
    const slow = intercepted(kit.connect(), async (call, proceed) => {
      const answer = await proceed();
      if (call !== 'commit') return answer;
      applied.resolve();
      await gate.promise;
      return answer;
    });
    const first = await kit.started({ ...ledgerOf(kit), store: slow });
    await applied.promise;
    const second = await kit.started(ledgerOf(kit));
    await kit.addNumbers('in', 4, 5);
    await second.caughtUp();
    gate.resolve();
    await kit.addNumbers('in', 6, 6);
    expect(await failureOf(first.closed)).toMatchObject({ code: 'ARS_FENCED' });
    await second.caughtUp();
    await expectLedger(kit, 6);
  });

  test('two that fight for one consumer: every message counts once, whoever handles it', async () => {
    const adding = kit.addNumbers('in', 1, 300);
    let isOver = false;
    const fight = async (): Promise<void> => {
      const store = kit.connect();
      while (!isOver) {
        const { length } = await kit.entries('out');
        const consumer = await slowly(store);
        await Promise.race([consumer.closed, consumer.caughtUp()]).catch(() => {});
        // The winner is left alone until it has committed, or nobody ever would.
        while (!isOver && (await kit.entries('out')).length === length) await new Promise(setImmediate);
      }
    };
    const fights = [fight(), fight()];
    await adding;
    while ((await kit.entries('out')).length < 300) await new Promise(setImmediate);
    isOver = true;
    await Promise.all(fights);
    await expectLedger(kit, 300);

    async function slowly(store: ReturnType<typeof kit.connect>): Promise<KitConsumer> {
      const { state, handler } = ledgerOf(kit);
      const consumer = kit.consumer<Ledger>({
        store,
        state,
        batch: { maxMessages: 6 },
        handler: async (message, transaction) => {
          if (Number(message['n']) % 4 === 0) await new Promise(setImmediate);
          handler(message, transaction);
        },
      });
      await consumer.start();
      return consumer;
    }
  });

  test('of several that start at the same moment, one is left and does the work', async () => {
    await kit.addNumbers('in', 1, 20);
    const consumers = Array.from({ length: 5 }, () =>
      kit.consumer({ ...ledgerOf(kit), store: kit.connect(), leaseMs: 150 }),
    );
    await Promise.all(consumers.map((consumer) => consumer.start()));
    const survivors = new Set(consumers);
    for (const consumer of consumers) consumer.closed.catch(() => survivors.delete(consumer));
    while (survivors.size > 1) await new Promise(setImmediate);
    const [winner] = survivors;
    await winner!.caughtUp();
    await expectLedger(kit, 20);
    await winner!.stop();
    await expect(winner!.closed).resolves.toBeUndefined();
  });

  test('a takeover in the middle of a handler gives the message to the new owner, and counts it once', async () => {
    await kit.addNumbers('in', 1, 2);
    const running = deferred();
    const gate = deferred();
    const { state, handler } = ledgerOf(kit);
    const first = await kit.started({
      state,
      store: kit.connect(),
      handler: async (message, transaction) => {
        handler(message, transaction);
        running.resolve();
        await gate.promise;
      },
    });
    await running.promise;
    const second = await kit.started(ledgerOf(kit));
    await second.caughtUp();
    gate.resolve();
    expect(await failureOf(first.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect(second.state.count).toBe(2);
    await expectLedger(kit, 2);
  });
});
