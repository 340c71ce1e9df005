import {
  ConfigurationError,
  type DurabilityOptions,
  type Fields,
  type StreamStore,
  StoreUnavailableError,
  type Transaction,
} from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type StoreKit } from './stores.js';
import { failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { expectLedger, type Ledger, ledgerOf, numbers } from './support/ledger.js';

/** What a store's replicas are like: they have everything, nothing, or cannot be asked. */
interface Replicas {
  have: boolean;
  failure: Error | undefined;
  waits: number;
  commits: number;
}

/** A store that can wait for replicas, which are as the test says. A wait is short, so that it is asked often. */
function replicated(store: StreamStore): { store: StreamStore; replicas: Replicas } {
  const replicas: Replicas = { have: true, failure: undefined, waits: 0, commits: 0 };
  const between = intercepted(store, async (call, proceed) => {
    if (call === 'commit') replicas.commits += 1;
    if (call !== 'persist') return proceed();
    replicas.waits += 1;
    if (replicas.failure !== undefined) throw replicas.failure;
    return replicas.have as never;
  });
  return { store: { ...between, durability: ['replicas', 'fsync'] }, replicas };
}

/** A ledger that waits for two replicas, and what it has told. */
function durableLedger(kit: StoreKit, durability: DurabilityOptions = {}) {
  const { store, replicas } = replicated(kit.connect());
  const { state, handler } = ledgerOf(kit);
  const told = { runs: [] as string[], after: [] as string[], commits: [] as number[] };
  const options = {
    store,
    state,
    durability: { replicas: 2, ...durability },
    handler: (message: Fields, transaction: Transaction<Ledger>): void => {
      told.runs.push(message['n']!);
      transaction.afterCommit(() => void told.after.push(message['n']!));
      void handler(message, transaction);
    },
  };
  const consumer = kit.consumer(options);
  consumer.on('commit', ({ messages }) => told.commits.push(messages));
  return { consumer, replicas, told, options };
}

/** Callbacks run one after another behind the commit; `stop()` waits for them, `caughtUp()` does not. */
const untilTold = async ({ after }: { after: readonly string[] }, expected: readonly string[]): Promise<void> => {
  await waitFor(() => after.length >= expected.length, `${expected.length} callbacks`);
  expect(after).toEqual(expected);
};

const stored = async (kit: StoreKit, count: number): Promise<void> => {
  await waitFor(async () => (await kit.values('out')).length === count, `${count} messages to be applied`);
};

describeStores((kit) => {
  test('commit, afterCommit, state and caughtUp() wait for the level, though the commit is applied', async () => {
    await kit.addNumbers('in', 1, 3);
    const { consumer, replicas, told } = durableLedger(kit);
    await consumer.start();
    await consumer.caughtUp();
    await untilTold(told, numbers(1, 3));
    replicas.have = false;
    let isCaughtUp = false;
    await kit.addNumbers('in', 4, 4);
    const waiting = consumer.caughtUp().then(() => (isCaughtUp = true));
    await stored(kit, 4);
    const { waits } = replicas;
    await waitFor(() => replicas.waits >= waits + 3, 'several waits in vain');
    expect(told.after).toEqual(numbers(1, 3));
    expect([consumer.state.count, consumer.stats().messages, isCaughtUp]).toEqual([3, 3, false]);
    replicas.have = true;
    await waiting;
    await untilTold(told, numbers(1, 4));
    expect(told.commits.reduce((sum, count) => sum + count)).toBe(4);
    await expectLedger(kit, 4);
  });

  test("'pause' holds back all that follows, and then goes on exactly once", async () => {
    const { consumer, replicas, told } = durableLedger(kit);
    await consumer.start();
    for (let round = 0; round < 3; round += 1) {
      const from = round * 20 + 1;
      replicas.have = false;
      await kit.addNumbers('in', from, from);
      await stored(kit, from);
      const { commits, waits } = replicas;
      await kit.addNumbers('in', from + 1, from + 19);
      await waitFor(() => replicas.waits >= waits + 3, 'several waits in vain');
      expect(replicas.commits).toBe(commits);
      expect((await kit.values('out')).length).toBe(from);
      replicas.have = true;
      await consumer.caughtUp();
    }
    expect(told.runs).toEqual(numbers(1, 60));
    await untilTold(told, numbers(1, 60));
    await expectLedger(kit, 60);
    expect(kit.logger.texts('warn').filter((text) => text.includes('2 replica(s)'))).toHaveLength(3);
  });

  test("'stop' ends the consumer although the commit is applied; a restart goes on behind it", async () => {
    await kit.addNumbers('in', 1, 3);
    const { consumer, replicas, told, options } = durableLedger(kit, { onShortfall: 'stop' });
    replicas.have = false;
    await consumer.start(); // a shortfall now is only worth a warning
    const error = await failureOf(consumer.closed);
    const details = { stream: kit.name('in'), consumer: 'consumer' };
    expect(error).toMatchObject({ code: 'ARS_DURABILITY', details });
    expect(told.after).toEqual([]);
    const done = (await kit.values('out')).length;
    expect(done).toBeGreaterThan(0);
    expect(replicas.commits).toBe(1);
    replicas.have = true;
    await kit.addNumbers('in', 4, 6);
    const next = await kit.started(options);
    await next.caughtUp();
    await untilTold(told, numbers(done + 1, 6));
    await expectLedger(kit, 6);
  });

  test('a connection cut while waiting is resolved: the handler does not run again, afterCommit runs once', async () => {
    const { consumer, replicas, told } = durableLedger(kit);
    await consumer.start();
    replicas.have = false;
    await kit.addNumbers('in', 1, 1);
    await stored(kit, 1);
    replicas.failure = new StoreUnavailableError('cut', { reason: 'CONNECTION', ran: 'unknown' });
    await waitFor(() => consumer.stats().recoveries >= 2, 'recoveries that find the replicas away');
    replicas.failure = undefined;
    const { waits } = replicas;
    await waitFor(() => replicas.waits >= waits + 2, 'more waits in vain');
    expect(told.after).toEqual([]);
    replicas.have = true;
    await consumer.caughtUp();
    await kit.addNumbers('in', 2, 3);
    await consumer.caughtUp();
    expect(told.runs).toEqual(numbers(1, 3));
    await untilTold(told, numbers(1, 3));
    await expectLedger(kit, 3);
  });

  test('an owner that is fenced while it waits for the level ends as fenced, and tells of no commit', async () => {
    for (const isCut of [false, true]) {
      const { consumer, replicas, told } = durableLedger(kit, { timeoutMs: 1 });
      await consumer.start();
      await consumer.caughtUp();
      const before = await kit.values('out');
      replicas.have = false;
      await kit.addNumbers('in', before.length + 1, before.length + 1);
      await stored(kit, before.length + 1);
      if (isCut) {
        replicas.failure = new StoreUnavailableError('cut', { reason: 'CONNECTION', ran: 'unknown' });
        await waitFor(() => consumer.stats().recoveries > 0, 'a recovery');
        replicas.failure = undefined;
        const { waits } = replicas;
        await waitFor(() => replicas.waits > waits, 'the wait of a recovery');
      }
      const after = [...told.after];
      const successor = await kit.started({ ...ledgerOf(kit), store: kit.connect() });
      expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_FENCED' });
      replicas.have = true;
      expect(told.after).toEqual(after);
      await successor.caughtUp();
      await expectLedger(kit, before.length + 1);
      await successor.stop();
    }
  });

  test('stop() does not wait for replicas beyond its deadline; what is applied stays applied', async () => {
    const { store, replicas } = replicated(kit.connect());
    const owner = await kit.started({ ...ledgerOf(kit), store, durability: { replicas: 1 }, stopTimeoutMs: 50 });
    replicas.have = false;
    await kit.addNumbers('in', 1, 1);
    await stored(kit, 1);
    await owner.stop();
    await owner.closed;
    await kit.addNumbers('in', 2, 3);
    const next = await kit.started(ledgerOf(kit));
    await next.caughtUp();
    await expectLedger(kit, 3);
  });

  test('a level that the server cannot give rejects the start and leaves the consumer without an owner', async () => {
    const { consumer, replicas } = durableLedger(kit);
    replicas.failure = new ConfigurationError('no WAITAOF here');
    expect(await failureOf(consumer.start())).toBe(replicas.failure);
    expect(await failureOf(consumer.closed)).toBe(replicas.failure);
    await kit.addNumbers('in', 1, 2);
    const standby = kit.consumer({ ...ledgerOf(kit), standby: true, leaseMs: 600_000 });
    const claimed = nextEvent(standby, 'claimed');
    await standby.start();
    expect((await claimed).epoch).toBe(2);
    await standby.caughtUp();
    await expectLedger(kit, 2);
  });

  test('a standby that finds at its turn that the level cannot be given ends, and leaves the turn to the next', async () => {
    await kit.addNumbers('in', 1, 2);
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: 600_000 });
    await owner.caughtUp();
    const { store, replicas } = replicated(kit.connect());
    replicas.failure = new ConfigurationError('no WAITAOF here');
    const waiting = { ...ledgerOf(kit), standby: true, leaseMs: 600_000 };
    const unfit = await kit.started({ ...waiting, store, durability: { fsync: true } });
    await owner.stop();
    expect(await failureOf(unfit.closed)).toBe(replicas.failure);
    const next = await kit.started({ ...waiting, store: kit.connect() });
    await kit.addNumbers('in', 3, 3);
    await next.caughtUp();
    await expectLedger(kit, 3);
  });

  test('a message whose handler fails between durable ones is retried alone, and everything stays exact', async () => {
    await kit.addNumbers('in', 1, 10);
    const { options, replicas, told } = durableLedger(kit);
    let failures = 0;
    const consumer = await kit.started({
      ...options,
      batch: { maxMessages: 3 },
      handler: (message, transaction) => {
        options.handler(message, transaction);
        if (message['n'] === '5' && (failures += 1) < 3) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    await untilTold(told, numbers(1, 10));
    expect(replicas.waits).toBeGreaterThanOrEqual(replicas.commits);
    await expectLedger(kit, 10);
  });
});
