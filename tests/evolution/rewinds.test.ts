import type { MemorySnapshot, MemoryStore } from '@ars/memory';
import { StoreUnavailableError } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStore, describeStores } from '../behaviour/stores.js';
import { nextEvent } from '../behaviour/support/deferred.js';
import { intercepted, type StoreCall } from '../behaviour/support/intercepted-store.js';
import type { MemoryBackend } from '../behaviour/support/memory-backend.js';
import type { RedisBackend } from '../behaviour/support/redis-backend.js';
import {
  first,
  FIRST_STORED,
  second,
  SECOND_STORED,
  storedAttributes,
  storeFirst,
  toSecond,
} from './support/versions.js';

describeStore('memory', (kit) => {
  const memory = (): MemoryStore => (kit.backend as MemoryBackend).memory;

  /** Restores the snapshot under a running consumer, adds a 4, and waits until that is committed. */
  async function rewind(snapshot: MemorySnapshot, consumer: Awaited<ReturnType<typeof startSecond>>): Promise<void> {
    const isRewound = nextEvent(consumer, 'rewound');
    memory().restoreSnapshot(snapshot);
    await isRewound;
    await kit.addNumbers('in', 4, 4);
    await consumer.caughtUp();
  }

  const startSecond = (migrate = toSecond) => kit.started(second(migrate));

  test('a store that loses the migrating commit: the consumer migrates again and commits all of it again', async () => {
    await storeFirst(kit);
    let migrations = 0;
    const consumer = await startSecond((stored, from) => {
      migrations += 1;
      return toSecond(stored, from);
    });
    const beforeCommit = memory().snapshot();
    const migrationsOfStart = migrations;
    await kit.addNumbers('in', 40, 40);
    await consumer.caughtUp();
    expect(consumer.state.sum).toBe(46);
    await rewind(beforeCommit, consumer);
    expect(migrations).toBeGreaterThan(migrationsOfStart);
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
    expect(consumer.state).toEqual({ sum: 10, numbers: [1, 2, 3], label: 'new' });
  });

  test('a store that loses the start too: the consumer takes over again and migrates again', async () => {
    await storeFirst(kit);
    const beforeStart = memory().snapshot();
    const consumer = await startSecond();
    await kit.addNumbers('in', 40, 40);
    await consumer.caughtUp();
    await rewind(beforeStart, consumer);
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
  });

  test('a store that keeps the migrating commit and loses a later one: migrate is not called again', async () => {
    await storeFirst(kit);
    await kit.addNumbers('in', 4, 4);
    let migrations = 0;
    const consumer = await startSecond((stored, from) => {
      migrations += 1;
      return toSecond(stored, from);
    });
    await consumer.caughtUp();
    const migrated = memory().snapshot();
    await kit.addNumbers('in', 50, 50);
    await consumer.caughtUp();
    const migrationsBefore = migrations;
    await rewind(migrated, consumer);
    expect(migrations).toBe(migrationsBefore);
    expect(await storedAttributes(kit)).toEqual({ ...SECOND_STORED, sum: '14' });
  });

  test('a store restored between start and first commit, with nothing lost: the first commit still writes everything', async () => {
    await storeFirst(kit);
    const consumer = await startSecond();
    memory().restoreSnapshot(memory().snapshot());
    await kit.addNumbers('in', 4, 4);
    await consumer.caughtUp();
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
  });

  test('a rewind that finds state which cannot be migrated ends the consumer and leaves it as it is', async () => {
    await storeFirst(kit);
    const beforeCommit = memory().snapshot();
    let isBroken = false;
    const consumer = await startSecond((stored, from) => {
      if (isBroken) throw new Error('broken');
      return toSecond(stored, from);
    });
    await kit.addNumbers('in', 4, 4);
    await consumer.caughtUp();
    isBroken = true;
    memory().restoreSnapshot(beforeCommit);
    await expect(consumer.closed).rejects.toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(await storedAttributes(kit)).toEqual(FIRST_STORED);
  });
});

describeStores((kit) => {
  const lost = () => new StoreUnavailableError('cut by the test', { ran: 'unknown', reason: 'CONNECTION' });

  test.each([
    ['before it was applied', false],
    ['after it was applied', true],
  ])(
    'a migrating commit whose answer is lost %s is stored once, and later commits build on it',
    async (_, isApplied) => {
      await storeFirst(kit);
      let lossesLeft = 1;
      const store = intercepted(kit.store, async (call: StoreCall, proceed) => {
        if (call !== 'commit' || lossesLeft === 0) return proceed();
        lossesLeft -= 1;
        if (isApplied) await proceed();
        throw lost();
      });
      const consumer = await kit.started({ ...second(), store });
      await kit.addNumbers('in', 4, 4);
      await consumer.caughtUp();
      expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
      await kit.addNumbers('in', 5, 5);
      await consumer.caughtUp();
      expect(await storedAttributes(kit)).toEqual({ ...SECOND_STORED, sum: '15' });
      expect(lossesLeft).toBe(0);
    },
  );

  test('an owner that commits between inspection and claim: its last state is migrated', async () => {
    await kit.addNumbers('in', 1, 2);
    const owner = await kit.started(first());
    await owner.caughtUp();
    let isFirstClaim = true;
    const store = intercepted(kit.connect(), async (call, proceed) => {
      if (call === 'claim' && isFirstClaim) {
        isFirstClaim = false;
        await kit.addNumbers('in', 3, 3);
        await owner.caughtUp();
      }
      return proceed();
    });
    const consumer = await kit.started({ ...second(), store });
    expect(consumer.state).toEqual({ sum: 6, numbers: [1, 2, 3], label: 'new' });
  });
});

describeStore('redis', (kit) => {
  test('a first commit that the server refuses leaves the old state, and the next one writes everything', async () => {
    await storeFirst(kit);
    await (kit.backend as RedisBackend).client.set(kit.name('wrong'), 'no stream');
    const { handler, ...rest } = second();
    const stored: unknown[] = [];
    const consumer = await kit.started({
      ...rest,
      handler: async (message, transaction) => {
        if (typeof handler === 'function') await handler(message, transaction);
        stored.push(await storedAttributes(kit));
        if (transaction.entry.attempt < 3) transaction.publish(kit.name('wrong'), { n: 1 });
      },
    });
    await kit.addNumbers('in', 4, 4);
    await consumer.caughtUp();
    expect(stored).toEqual([FIRST_STORED, FIRST_STORED, FIRST_STORED]);
    expect(await storedAttributes(kit)).toEqual(SECOND_STORED);
  });
});
