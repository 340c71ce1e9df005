import { StoreUnavailableError } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';
import { intercepted, type StoreCall } from './support/intercepted-store.js';

describeStores((kit) => {
  test('starting twice gives the same promise', async () => {
    const consumer = kit.consumer({ handler: () => {} });
    const starting = consumer.start();
    expect(consumer.start()).toBe(starting);
    await starting;
    expect(consumer.start()).toBe(starting);
  });

  test('a stopped consumer does not start again', async () => {
    const consumer = await kit.started({ handler: () => {} });
    const again = consumer.start();
    await consumer.stop();
    await expect(again).resolves.toBeUndefined();
    const never = kit.consumer({ handler: () => {} });
    await never.stop();
    await expect(never.start()).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
    await expect(never.closed).resolves.toBeUndefined();
  });

  test.each(['inspect', 'locate', 'claim'] satisfies StoreCall[])(
    'a stop during %s makes the start reject with ARS_STOPPED, and leaves nothing claimed',
    async (stage) => {
      const reached = deferred();
      const gate = deferred();
      const store = intercepted(kit.store, async (call, proceed) => {
        if (call !== stage) return proceed();
        reached.resolve();
        await gate.promise;
        return proceed();
      });
      const consumer = kit.consumer({ store, handler: () => {} });
      const starting = failureOf(consumer.start());
      await reached.promise;
      const stopping = consumer.stop();
      gate.resolve();
      await stopping;
      expect(await starting).toMatchObject({ code: 'ARS_STOPPED' });
      await kit.started({ handler: () => {} });
      expect(kit.logger.texts('warn')).toEqual([]);
    },
  );

  test('a start that is stopped before it claims takes nothing from the owner', async () => {
    const owner = await kit.started({ state: { count: 0 }, handler: (_, { state }) => (state.count += 1) });
    const reached = deferred();
    const gate = deferred();
    const calls: StoreCall[] = [];
    const store = intercepted(kit.store, async (call, proceed) => {
      calls.push(call);
      reached.resolve();
      await gate.promise;
      return proceed();
    });
    const other = kit.consumer({ store, state: { count: 0 }, handler: () => {} });
    const starting = failureOf(other.start());
    await reached.promise;
    const stopping = other.stop();
    gate.resolve();
    await stopping;
    expect([await starting, calls]).toMatchObject([{ code: 'ARS_STOPPED' }, ['inspect']]);
    await kit.addNumbers('in', 1, 2);
    await owner.caughtUp();
    expect(owner.state.count).toBe(2);
  });

  test('a stop during a start that the store never answers is over at its deadline', async () => {
    const reached = deferred();
    const store = intercepted(kit.store, (call, proceed) => {
      if (call !== 'inspect') return proceed();
      reached.resolve();
      return new Promise<never>(() => {});
    });
    const consumer = kit.consumer({ store, stopTimeoutMs: 20, handler: () => {} });
    void consumer.start().catch(() => {});
    await reached.promise;
    await consumer.stop();
    expect(kit.logger.texts('warn').some((text) => text.includes('did not stop'))).toBe(true);
  });

  test('a start that failed rejects closed and caughtUp with the same error', async () => {
    await kit.addNumbers('in', 1, 1);
    const first = await kit.started({ state: { count: 0 }, handler: (_, { state }) => (state.count += 1) });
    await first.caughtUp();
    await first.stop();
    const consumer = kit.consumer({ state: { other: 0 }, handler: () => {} });
    const error = await failureOf(consumer.start());
    expect(error).toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(await failureOf(consumer.closed)).toBe(error);
    expect(await failureOf(consumer.caughtUp())).toBe(error);
    await consumer.stop();
  });

  test('a start at a server that answers that it cannot serve yet goes on when it can', async () => {
    await kit.addNumbers('in', 1, 1);
    let looks = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call === 'inspect' && (looks += 1) <= 2)
        throw new StoreUnavailableError('Loading its data.', { ran: false, reason: 'LOADING' });
      return proceed();
    });
    const consumer = await kit.started({ store, state: { count: 0 }, handler: (_, { state }) => (state.count += 1) });
    await consumer.caughtUp();
    expect([consumer.state.count, looks]).toEqual([1, 3]);
  });

  test('a start at a server that does not answer is not tried again', async () => {
    let looks = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call === 'inspect' && (looks += 1) === 1)
        throw new StoreUnavailableError('No answer.', { ran: 'unknown', reason: 'TIMEOUT' });
      return proceed();
    });
    expect(await failureOf(kit.consumer({ store, handler: () => {} }).start())).toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
    });
    expect(looks).toBe(1);
  });

  test('a store that is closed cannot be started on', async () => {
    const store = kit.connect();
    await store.close();
    const consumer = kit.consumer({ store, handler: () => {} });
    expect(await failureOf(consumer.start())).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
  });

  test('a consumer may start before its stream exists', async () => {
    const seen: string[] = [];
    const consumer = await kit.started({ handler: ({ n }) => seen.push(n!) });
    await consumer.caughtUp();
    await kit.addNumbers('in', 1, 3);
    await consumer.caughtUp();
    expect(seen).toEqual(['1', '2', '3']);
  });

  test('nothing is connected or written before start', async () => {
    const calls: string[] = [];
    const store = intercepted(kit.store, (call, proceed) => {
      calls.push(call);
      return proceed();
    });
    const consumer = kit.consumer({ store, state: { count: 3 }, handler: () => {} });
    expect(consumer.state).toEqual({ count: 3 });
    expect(consumer.consumerId).toBe('consumer');
    await new Promise(setImmediate);
    expect(calls).toEqual([]);
    await expect(consumer.caughtUp()).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
  });

  test('a stream that is not one refuses to start', async () => {
    if (kit.kind === 'memory') return; // a memory store holds nothing but streams
    const { client } = kit.backend as unknown as { client: { set(key: string, value: string): Promise<unknown> } };
    await client.set(kit.name('in'), 'text');
    const consumer = kit.consumer({ handler: () => {} });
    expect(await failureOf(consumer.start())).toMatchObject({ code: 'ARS_CONFIGURATION' });
  });
});
