import {
  type AuditFinding,
  defineStream,
  type Environment,
  type Fields,
  registeredConsumers,
  type Retention,
  type StreamStore,
  systemEnvironment,
} from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { Clock } from '../../packages/core/test/care/clock.js';
import { waitFor } from '../support/wait.js';
import { describeStore, describeStores, type StoreKit } from './stores.js';
import { deferred } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { numbers } from './support/ledger.js';

/** A definition; the kit's types only know names. */
const kept = (name: string, retention: Retention = 'consumed'): string =>
  defineStream(name, { retention }) as unknown as string;

/** Time that goes twenty times as fast, for what happens once a second. */
const environment: Environment = {
  ...systemEnvironment,
  now: () => systemEnvironment.now() * 20,
  after: (delayMs, callback) => systemEnvironment.after(delayMs / 20, callback),
};

const lengthOf = async (kit: StoreKit, stream: string): Promise<number> => (await kit.entries(stream)).length;

describeStores((kit) => {
  test('a stream with retention is trimmed while it is consumed, by its consumers alone', async () => {
    const seen: string[] = [];
    const stream = kept(kit.name('in'));
    await kit.started({ stream, environment, handler: ({ n }) => void seen.push(String(n)) });
    for (let round = 0; round < 3; round += 1) {
      await kit.addNumbers('in', round * 200 + 1, round * 200 + 200);
      await waitFor(() => seen.length === round * 200 + 200, 'the messages to be handled');
      await waitFor(async () => (await lengthOf(kit, 'in')) <= 1, 'the stream to be trimmed');
    }
    expect(seen).toEqual(numbers(1, 600));
  });

  test('trimming never goes past the slowest consumer, also one that has not handled anything yet', async () => {
    const stream = kept(kit.name('in'));
    await kit.addNumbers('in', 1, 100);
    const gate = deferred();
    const slowly: string[] = [];
    const slow = await kit.started({
      consumerId: 'slow',
      stream,
      environment,
      handler: async ({ n }) => {
        if (n === '1' || n === '61') await (n === '1' ? gate.promise : new Promise((resolve) => setImmediate(resolve)));
        slowly.push(String(n));
      },
    });
    const store = counted(kit.connect());
    const fast = await kit.started({
      consumerId: 'fast',
      store: store.store,
      stream,
      environment,
      handler: () => {},
    });
    await fast.caughtUp();
    const { trims } = store;
    for (let n = 101; store.trims < trims + 2; n += 1) {
      await kit.addNumbers('in', n, n);
      await fast.caughtUp();
    }
    expect((await kit.values('in')).slice(0, 100)).toEqual(numbers(1, 100));
    gate.resolve();
    await slow.caughtUp();
    expect(slowly).toEqual(numbers(1, slowly.length));
    await waitFor(async () => (await lengthOf(kit, 'in')) <= 1, 'the stream to be trimmed behind both');
  });

  test('a stream without a definition, or with one that has no retention, is never trimmed', async () => {
    const store = counted(kit.connect());
    await kit.addNumbers('in', 1, 50);
    const consumer = await kit.started({
      store: store.store,
      handler: (_, transaction) => transaction.publish(kit.name('out'), { x: 1 }),
    });
    await consumer.caughtUp();
    await consumer.stop();
    expect(store.trims).toBe(0);
    expect([await lengthOf(kit, 'in'), await lengthOf(kit, 'out')]).toEqual([50, 50]);
  });

  test('what a consumer publishes to a stream with retention is trimmed by it, at the latest when it stops', async () => {
    await kit.addNumbers('in', 1, 500);
    const out = kept(kit.name('out'), { maxLength: 100 });
    const consumer = await kit.started({
      handler: ({ n }: Fields, transaction) => transaction.publish(out, { n: n! }),
    });
    await consumer.caughtUp();
    await consumer.stop();
    const values = await kit.entries('out');
    expect(values.length).toBeLessThan(500);
    expect(values.length).toBeGreaterThanOrEqual(100);
  });

  test('a consumer with a foreign source is registered there, and holds back trimming until it has committed', async () => {
    const source = createMemoryStore({ name: 'elsewhere' });
    for (const n of numbers(1, 50)) source.add('inbox', { n });
    const gate = deferred();
    const handled: string[] = [];
    const relay = await kit.started({
      source,
      stream: kept('inbox'),
      home: kit.tag,
      handler: async ({ n }: Fields) => {
        if (n === '21') await gate.promise;
        handled.push(n!);
      },
    });
    const registered = () => registeredConsumers(source, 'inbox');
    const [one] = await waitFor(async () => {
      const found = await registered();
      return found.length > 0 && found;
    }, 'the relay to be registered at its source');
    expect(one!.name).toContain('consumer');
    const local = await kit.started({ store: source, stream: 'inbox', consumerId: 'local', handler: () => {} });
    await local.caughtUp();
    while ((await source.trim('inbox', 'consumed')) > 0);
    expect(
      source
        .entries('inbox')
        .slice(-30)
        .map(({ message }) => message['n']),
    ).toEqual(numbers(21, 50));
    gate.resolve();
    await relay.caughtUp();
    await relay.stop();
    expect(handled).toEqual(numbers(1, 50));
    const last = source.streamInfo('inbox')!.lastId;
    expect((await registered()).map(({ position }) => position)).toEqual([last, last]);
    while ((await source.trim('inbox', 'consumed')) > 0);
    expect(source.entries('inbox').length).toBeLessThanOrEqual(1);
  });

  test('a consumer that reads from its own store tells no registry but by its commits', async () => {
    const store = counted(kit.connect());
    await kit.addNumbers('in', 1, 10);
    const consumer = await kit.started({ store: store.store, handler: () => {} });
    await consumer.caughtUp();
    await consumer.stop();
    expect(store.registers).toBe(0);
  });

  test('a source that cannot be told how far the consumer is costs no message', async () => {
    const source = createMemoryStore();
    for (const n of numbers(1, 20)) source.add('inbox', { n });
    const between = intercepted(source, (_, proceed) => proceed());
    const deaf = { ...between, register: () => Promise.reject(new Error('deaf')) };
    const handled: string[] = [];
    const relay = await kit.started({
      source: deaf,
      stream: 'inbox',
      home: kit.tag,
      handler: ({ n }: Fields) => void handled.push(n!),
    });
    await relay.caughtUp();
    await relay.stop();
    await relay.closed;
    expect(handled).toEqual(numbers(1, 20));
    expect(kit.logger.texts('warn')).toEqual([]);
  });

  test('what is wrong with a store is said once, however many consumers it has, and stops none', async () => {
    const finding: AuditFinding = { code: 'EVICTION', severity: 'error', message: 'Set noeviction.', details: {} };
    let audits = 0;
    const between = intercepted(kit.connect(), (_, proceed) => proceed());
    const store = { ...between, audit: async () => ((audits += 1), [finding]) };
    await kit.addNumbers('in', 1, 3);
    for (const consumerId of ['a', 'b', 'c']) {
      const consumer = await kit.started({ store, consumerId, handler: () => {} });
      await consumer.caughtUp();
    }
    expect(audits).toBe(1);
    expect(kit.logger.texts('warn').filter((text) => text.includes('EVICTION'))).toHaveLength(1);
  });

  test('a standby cares for nothing before its turn has come', async () => {
    const stream = kept(kit.name('in'));
    const owner = await kit.started({ store: kit.connect(), stream, environment, handler: () => {} });
    const store = counted(kit.connect());
    const standby = await kit.started({ store: store.store, stream, environment, standby: true, handler: () => {} });
    await kit.addNumbers('in', 1, 30);
    await owner.caughtUp();
    await waitFor(async () => (await lengthOf(kit, 'in')) <= 1, 'the owner to trim the stream');
    expect([store.trims, store.registers, store.audits]).toEqual([0, 0, 0]);
    await owner.stop();
    await kit.addNumbers('in', 31, 60);
    await standby.caughtUp();
    await waitFor(async () => (await lengthOf(kit, 'in')) <= 1, 'the standby to trim the stream');
    expect([store.trims > 0, store.audits]).toEqual([true, 1]);
  });
});

describeStore('memory', (kit) => {
  test('a busy stream is trimmed at most once a second, whatever the number of commits', async () => {
    const clock = new Clock();
    const memory = createMemoryStore({
      now: () => clock.environment.now(),
      after: (delayMs, callback) => clock.environment.after(delayMs, callback),
    });
    const store = counted(memory);
    const consumer = kit.consumer({
      store: store.store,
      stream: kept(kit.name('in')),
      environment: clock.environment,
      handler: () => {},
    });
    await consumer.start();
    for (let n = 1; n <= 500; n += 1) {
      memory.add(kit.name('in'), { n });
      await clock.pass(10);
    }
    expect(consumer.stats().commits).toBe(500);
    expect(store.trims).toBeGreaterThanOrEqual(4);
    expect(store.trims).toBeLessThanOrEqual(7);
    expect(memory.entries(kit.name('in')).length).toBeLessThanOrEqual(101);
    void consumer.stop();
    await clock.pass(10);
    expect(memory.entries(kit.name('in')).length).toBeLessThanOrEqual(1);
  });
});

/** A store that counts what is asked of it in the background. */
function counted(store: StreamStore) {
  const counts = { trims: 0, registers: 0, audits: 0, store };
  counts.store = {
    ...intercepted(store, (_, proceed) => proceed()),
    trim: (stream, retention) => ((counts.trims += 1), store.trim(stream, retention)),
    register: (address, cursors) => ((counts.registers += 1), store.register(address, cursors)),
    audit: () => ((counts.audits += 1), store.audit()),
  };
  return counts;
}
