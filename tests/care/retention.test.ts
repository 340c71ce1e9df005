import {
  compareIds,
  defineStream,
  type EntryId,
  registeredConsumers,
  type Retention,
  StreamProducer,
  systemEnvironment,
  unregisterConsumer,
} from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores, type StoreKit } from '../behaviour/stores.js';
import { deferred } from '../behaviour/support/deferred.js';
import { numbers } from '../behaviour/support/ledger.js';
import { waitFor } from '../support/wait.js';

const EVERYTHING: readonly Retention[] = ['consumed', { maxLength: 1 }, { maxAge: 1 }];

/** Trims until nothing more goes, as hard as a retention can ask for. */
async function trimHard(kit: StoreKit, retentions: readonly Retention[] = EVERYTHING): Promise<void> {
  for (const retention of retentions) while ((await kit.store.trim(kit.name('in'), retention)) > 0);
}

/** The positions in the registry of `in`, once they are these. */
async function registered(kit: StoreKit, positions: readonly EntryId[]): Promise<void> {
  await waitFor(
    async () => {
      const consumers = await registeredConsumers(kit.store, kit.name('in'));
      const found = consumers.map(({ position }) => position).sort(compareIds);
      return JSON.stringify(found) === JSON.stringify([...positions].sort(compareIds));
    },
    `registered positions ${positions.join(', ')}`,
  );
}

describeStores((kit) => {
  test.each(EVERYTHING)('%o never removes what the slowest consumer has not committed', async (retention) => {
    const ids = await kit.addNumbers('in', 1, 300);
    const gate = deferred();
    const seen: string[] = [];
    const fast = await kit.started({ consumerId: 'fast', handler: () => {} });
    const slow = await kit.started({
      consumerId: 'slow',
      handler: async ({ n }) => {
        if (n === '120') await gate.promise;
        seen.push(n!);
      },
    });
    await fast.caughtUp();
    await registered(kit, [ids[118]!, ids[299]!]);
    await trimHard(kit, [retention]);
    expect((await kit.values('in')).slice(-181)).toEqual(numbers(120, 300));
    gate.resolve();
    await slow.caughtUp();
    expect(seen).toEqual(numbers(1, 300));
    await registered(kit, [ids[299]!, ids[299]!]);
    await trimHard(kit, [retention]);
    expect(await kit.values('in')).toEqual(['300']);
    await kit.addNumbers('in', 301, 310);
    await Promise.all([fast.caughtUp(), slow.caughtUp()]);
    expect(seen).toEqual(numbers(1, 310));
  });

  test('a stopped consumer holds back trimming until it is taken out of the registry', async () => {
    const ids = await kit.addNumbers('in', 1, 10);
    const stopped = await kit.started({ consumerId: 'stopped', handler: () => {} });
    await stopped.caughtUp();
    await stopped.stop();
    await kit.addNumbers('in', 11, 20);
    const other = await kit.started({ consumerId: 'other', handler: () => {} });
    await other.caughtUp();
    await trimHard(kit);
    expect(await kit.values('in')).toEqual(numbers(10, 20));
    const [name] = (await registeredConsumers(kit.store, kit.name('in')))
      .filter(({ position }) => position === ids[9])
      .map((consumer) => consumer.name);
    expect(name).toContain('stopped');
    const consumer = { stream: kit.name('in'), consumerId: 'stopped' };
    expect(await unregisterConsumer(kit.store, consumer)).toBe(true);
    expect(await unregisterConsumer(kit.store, consumer)).toBe(false);
    await trimHard(kit);
    expect(await kit.values('in')).toEqual(['20']);
  });

  test('a consumer of a list is taken out of the registry of each of its streams', async () => {
    const stream = [kit.name('in'), kit.name('in2')];
    await kit.started({ stream, handler: () => {} });
    expect((await registeredConsumers(kit.store, kit.name('in2'))).length).toBe(1);
    expect(await unregisterConsumer(kit.store, { stream, consumerId: 'consumer' })).toBe(true);
    for (const each of stream) expect(await registeredConsumers(kit.store, each)).toEqual([]);
  });

  test('a consumer that commits elsewhere holds back what it has not committed, and is taken out as such', async () => {
    const ids = await kit.addNumbers('in', 1, 10);
    const stream = kit.name('in');
    const address = { consumerId: 'relay', home: kit.tag, scope: stream, streams: [stream], readsHere: false };
    const cursors = [{ stream, position: ids[3]!, read: 4 }];
    await kit.store.register({ ...address, stateName: null, isKeyed: false }, cursors);
    await trimHard(kit);
    expect((await kit.values('in')).slice(-6)).toEqual(numbers(5, 10));
    expect(await unregisterConsumer(kit.store, { stream, consumerId: 'relay', commitsElsewhere: true })).toBe(true);
    await trimHard(kit, [{ maxLength: 2 }]);
    expect(await kit.values('in')).toEqual(['9', '10']);
  });

  test('without a consumer, what is to be kept until it is consumed is kept', async () => {
    await kit.addNumbers('in', 1, 10);
    await trimHard(kit, ['consumed']);
    expect(await kit.values('in')).toEqual(numbers(1, 10));
  });

  test('a producer keeps a stream to about its length, and the newest entries of it', async () => {
    let now = 0;
    const environment = { ...systemEnvironment, now: () => (now += 1_000) };
    const producer = new StreamProducer({ store: kit.store, logger: kit.logger, environment });
    const stream = defineStream(kit.name('in'), { retention: { maxLength: 50 } });
    for (const n of numbers(1, 400)) await producer.publish(stream, { n });
    const kept = await waitFor(async () => {
      const values = await kit.values('in');
      return values.length < 200 && values;
    }, 'a trimmed stream');
    expect(kept.length).toBeGreaterThanOrEqual(50);
    expect(kept).toEqual(numbers(401 - kept.length, 400));
    expect(kit.logger.texts('warn')).toEqual([]);
  });

  test('a consumer trims the streams that its definitions give a retention, and misses nothing', async () => {
    const stream = defineStream(kit.name('in'), { retention: 'consumed' });
    const out = defineStream(kit.name('out'), { retention: { maxLength: 50 } });
    await kit.addNumbers('in', 1, 500);
    const consumer = await kit.started({
      stream: stream as never,
      handler: ({ n }, transaction) => transaction.publish(out, { n: n! }),
    });
    await consumer.caughtUp();
    await waitFor(async () => (await kit.entries('in')).length === 1, 'a consumed stream to be trimmed');
    await waitFor(async () => (await kit.entries('out')).length < 200, 'a published stream to be trimmed');
    expect((await kit.values('out')).slice(-50)).toEqual(numbers(451, 500));
  });
});
