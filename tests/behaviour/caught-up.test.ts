import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';

describeStores((kit) => {
  const counting = {
    state: { count: 0 },
    handler: (_: unknown, { state }: { state: { count: number } }) => (state.count += 1),
  };

  test('caughtUp resolves when all that was in the stream at the call is committed', async () => {
    await kit.addNumbers('in', 1, 50);
    const consumer = await kit.started(counting);
    await consumer.caughtUp();
    expect(consumer.state.count).toBeGreaterThanOrEqual(50);
    const keys = { consumerId: 'consumer', scope: kit.name('in') };
    expect((await kit.backend.moment(keys, kit.name('out'))).attributes).toEqual({ count: '50' });
    await consumer.caughtUp();
  });

  test('caughtUp does not resolve while a commit is in flight', async () => {
    await kit.addNumbers('in', 1, 1);
    const sent = deferred();
    const gate = deferred();
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit') return proceed();
      sent.resolve();
      await gate.promise;
      return proceed();
    });
    const consumer = await kit.started({ ...counting, store });
    let isCaughtUp = false;
    const caughtUp = consumer.caughtUp().then(() => (isCaughtUp = true));
    await sent.promise;
    await kit.store.tail([kit.name('in')]);
    expect([isCaughtUp, consumer.state.count]).toEqual([false, 0]);
    gate.resolve();
    await caughtUp;
    expect(consumer.state.count).toBe(1);
  });

  test('caughtUp waits through retries', async () => {
    await kit.addNumbers('in', 1, 2);
    const consumer = kit.consumer({
      state: { count: 0 },
      handler: (_, { state, entry }) => {
        if (entry.attempt < 4) throw new Error('not yet');
        state.count += 1;
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    expect(consumer.state.count).toBe(2);
  });

  test('caughtUp resolves for a missing stream', async () => {
    const consumer = await kit.started(counting);
    await consumer.caughtUp();
  });

  test('caughtUp resolves when the last entry was deleted after it was handled', async () => {
    const ids = await kit.addNumbers('in', 1, 3);
    const consumer = await kit.started(counting);
    await consumer.caughtUp();
    await kit.backend.delete(kit.name('in'), ids[2]!);
    await consumer.caughtUp();
    await consumer.stop();
    const next = await kit.started(counting);
    await next.caughtUp();
    expect(next.state.count).toBe(3);
  });

  test('caughtUp resolves when the last entry was deleted before the consumer ever started', async () => {
    const ids = await kit.addNumbers('in', 1, 3);
    await kit.backend.delete(kit.name('in'), ids[2]!);
    const consumer = await kit.started(counting);
    await consumer.caughtUp();
    expect(consumer.state.count).toBe(2);
  });

  test('caughtUp resolves for a stream that was emptied after it was handled', async () => {
    await kit.addNumbers('in', 1, 3);
    const consumer = await kit.started(counting);
    await consumer.caughtUp();
    await kit.backend.trim(kit.name('in'), 0);
    await consumer.caughtUp();
    const late = await kit.started({ ...counting, consumerId: 'late' });
    await late.caughtUp();
    expect(late.state.count).toBe(0);
  });

  test('caughtUp resolves at once when started from the end', async () => {
    await kit.addNumbers('in', 1, 3);
    const consumer = await kit.started({ ...counting, startFrom: 'end' });
    await consumer.caughtUp();
    expect(consumer.state.count).toBe(0);
  });

  test('caughtUp rejects when the consumer ends before', async () => {
    await kit.addNumbers('in', 1, 1);
    const gate = deferred();
    const consumer = await kit.started({
      retry: { attempts: 1 },
      handler: async () => {
        await gate.promise;
        throw new Error('ends it');
      },
    });
    const caughtUp = failureOf(consumer.caughtUp());
    gate.resolve();
    expect(await caughtUp).toMatchObject({ code: 'ARS_HANDLER' });
    expect(await failureOf(consumer.caughtUp())).toMatchObject({ code: 'ARS_HANDLER' });
  });

  test('caughtUp rejects with ARS_STOPPED when the consumer is stopped before, and afterwards', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = kit.consumer({
      retry: { minDelayMs: 1_000_000, maxDelayMs: 1_000_000 },
      handler: () => {
        throw new Error('not yet');
      },
    });
    const retry = nextEvent(consumer, 'retry');
    await consumer.start();
    await retry;
    const caughtUp = failureOf(consumer.caughtUp());
    await kit.store.tail([kit.name('in')]);
    await consumer.stop();
    expect(await caughtUp).toMatchObject({ code: 'ARS_STOPPED' });
    expect(await failureOf(consumer.caughtUp())).toMatchObject({ code: 'ARS_STOPPED' });
  });

  test('several callers are each answered for what was there when they called', async () => {
    const consumer = await kit.started(counting);
    for (let round = 1; round <= 20; round += 1) {
      await kit.addNumbers('in', round, round);
      await Promise.all([consumer.caughtUp(), consumer.caughtUp()]);
      expect(consumer.state.count).toBe(round);
    }
  });
});
