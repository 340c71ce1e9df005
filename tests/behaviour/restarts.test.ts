import { expect, test } from 'vitest';
import { describeStores, type KitConsumer } from './stores.js';
import { nextEvent } from './support/deferred.js';
import { expectLedger, ledgerOf, numbers } from './support/ledger.js';

describeStores((kit) => {
  const isCaughtUp = async (consumer: KitConsumer): Promise<boolean> => {
    const caughtUp = consumer.caughtUp().then(() => true);
    return Promise.race([caughtUp, nextEvent(consumer, 'commit').then(() => false)]);
  };

  test('a consumer that is stopped and started all the time loses and doubles nothing', async () => {
    const adding = kit.addNumbers('in', 1, 400);
    let isDone = false;
    while (!isDone) {
      const consumer = await kit.started({ ...ledgerOf(kit), batch: { maxMessages: 9 } });
      isDone = await isCaughtUp(consumer);
      if (isDone) await adding;
      if (isDone) await consumer.caughtUp();
      await consumer.stop();
    }
    await expectLedger(kit, 400);
  });

  test('a consumer that is taken over again and again without a stop loses and doubles nothing', async () => {
    await kit.addNumbers('in', 1, 300);
    for (let isDone = false; !isDone;) {
      const options = { ...ledgerOf(kit), store: kit.connect(), batch: { maxMessages: 9 } };
      isDone = await isCaughtUp(await kit.started(options));
    }
    await expectLedger(kit, 300);
  });

  test('the state is restored before the first message is handled', async () => {
    await kit.addNumbers('in', 1, 5);
    const options = {
      state: { seen: [] as string[] },
      handler: ({ n }: Record<string, string>, { state }: { state: { seen: string[] } }) => state.seen.push(n!),
    };
    const first = await kit.started(options);
    await first.caughtUp();
    await first.stop();
    await kit.addNumbers('in', 6, 8);

    const second = kit.consumer(options);
    expect(second.state).toEqual({ seen: [] });
    await second.start();
    expect(second.state.seen.slice(0, 5)).toEqual(numbers(1, 5));
    await second.caughtUp();
    expect(second.state.seen).toEqual(numbers(1, 8));
  });

  test('attributes that were never declared are stored and restored too', async () => {
    await kit.addNumbers('in', 1, 2);
    const options = {
      state: {} as Record<string, number>,
      handler: ({ n }: Record<string, string>, { state }: { state: Record<string, number> }) => {
        state[`n${n}`] = Number(n);
        if (n === '3') delete state['n1'];
      },
    };
    const first = await kit.started(options);
    await first.caughtUp();
    await first.stop();
    await kit.addNumbers('in', 3, 3);
    const second = await kit.started(options);
    await second.caughtUp();
    expect(second.state).toEqual({ n2: 2, n3: 3 });
    await second.stop();
    expect((await kit.started(options)).state).toEqual({ n2: 2, n3: 3 });
  });

  test('an attribute added to the declaration later begins with its default', async () => {
    await kit.addNumbers('in', 1, 2);
    const first = await kit.started({ state: { count: 0 }, handler: (_, { state }) => (state.count += 1) });
    await first.caughtUp();
    await first.stop();
    const second = await kit.started({
      state: { count: 0, added: 'new' },
      handler: (_, { state }) => (state.added += '!'),
    });
    expect(second.state).toEqual({ count: 2, added: 'new' });
    await kit.addNumbers('in', 3, 3);
    await second.caughtUp();
    expect(second.state).toEqual({ count: 2, added: 'new!' });
  });

  test('a default that is changed in code never changes history', async () => {
    await kit.addNumbers('in', 1, 1);
    const handler = (): void => {};
    const first = await kit.started({ state: { rate: 5 }, handler });
    await first.caughtUp();
    await first.stop();
    expect((await kit.started({ state: { rate: 9 }, handler })).state).toEqual({ rate: 5 });
  });

  test('a consumer without state continues where it was', async () => {
    const seen: string[] = [];
    for (let round = 0; round < 3; round += 1) {
      await kit.addNumbers('in', round * 10 + 1, round * 10 + 10);
      const consumer = await kit.started({ handler: ({ n }) => seen.push(n!) });
      expect(consumer.state).toEqual({});
      await consumer.caughtUp();
      await consumer.stop();
    }
    expect(seen).toEqual(numbers(1, 30));
  });

  test('defaults belong to nobody: neither a handler nor another consumer changes them', async () => {
    await kit.addNumbers('in', 1, 4);
    const state = { list: [] as string[] };
    const options = {
      state,
      handler: ({ n }: Record<string, string>, transaction: { state: { list: string[] } }) =>
        transaction.state.list.push(n!),
    };
    const consumer = await kit.started(options);
    await consumer.caughtUp();
    expect(consumer.state.list).toHaveLength(4);
    expect(state).toEqual({ list: [] });
    expect(kit.consumer({ ...options, consumerId: 'other' }).state).toEqual({ list: [] });
  });
});
