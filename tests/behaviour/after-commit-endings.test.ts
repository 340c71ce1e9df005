import { expect, test } from 'vitest';
import { describeStores, type KitConsumer } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';

describeStores((kit) => {
  test.each(['waits already', 'begins to wait when it has ended'])(
    'what ends a consumer is told though a callback waits for caughtUp(): it %s',
    async (when) => {
      await kit.addNumbers('in', 1, 2);
      const waits = deferred();
      const told: unknown[] = [];
      const consumer: KitConsumer = await kit.started({
        retry: { attempts: 1 },
        batch: { maxMessages: 1 },
        handler: async ({ n }, transaction) => {
          if (n === '2') await waits.promise;
          if (n === '2') throw new Error('ends it');
          transaction.afterCommit(async () => {
            if (when === 'waits already') {
              const caughtUp = failureOf(consumer.caughtUp());
              waits.resolve();
              told.push(await caughtUp);
            } else {
              waits.resolve();
              while (consumer.stats().failures === 0) await new Promise(setImmediate);
              for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
              told.push(await failureOf(consumer.caughtUp()));
            }
          });
        },
      });
      const failure = await failureOf(consumer.closed);
      expect(failure).toMatchObject({ code: 'ARS_HANDLER' });
      expect(told).toEqual([failure]);
    },
  );

  test('a stop does not wait until its deadline for a callback that waits for caughtUp()', async () => {
    await kit.addNumbers('in', 1, 2);
    const waits = deferred();
    const told: unknown[] = [];
    const consumer: KitConsumer = await kit.started({
      stopTimeoutMs: 1_000_000,
      batch: { maxMessages: 1 },
      retry: { minDelayMs: 1_000_000, maxDelayMs: 1_000_000 },
      handler: ({ n }, transaction) => {
        if (n === '2') throw new Error('is tried again in a long time');
        transaction.afterCommit(async () => {
          const caughtUp = failureOf(consumer.caughtUp());
          waits.resolve();
          told.push(await caughtUp);
        });
      },
    });
    await waits.promise;
    await consumer.stop();
    expect(told).toMatchObject([{ code: 'ARS_STOPPED' }]);
  });

  test('an owner that was fenced ends, though a callback of it never settles', async () => {
    await kit.addNumbers('in', 1, 1);
    const calling = deferred();
    const consumer = await kit.started({
      stopTimeoutMs: 20,
      handler: (_, transaction) =>
        transaction.afterCommit(() => {
          calling.resolve();
          return new Promise(() => {});
        }),
    });
    await calling.promise;
    await kit.started({ handler: () => {} });
    await kit.addNumbers('in', 2, 2);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect(kit.logger.texts('warn')).toContainEqual(expect.stringContaining('afterCommit did not settle within 20 ms'));
  });
});
