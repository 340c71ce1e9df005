import { type Fields, Persistable, type Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';

describeStores((kit) => {
  const counting = {
    state: { count: 0 },
    handler: (_: Fields, { state }: Transaction<{ count: number }>): void => void (state.count += 1),
  };
  const stateless = { handler: (): void => {} };
  const keys = () => ({ consumerId: 'consumer', scope: kit.name('in') });

  const handledOnce = async (options: typeof counting | typeof stateless): Promise<void> => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started(options as typeof counting);
    await consumer.caughtUp();
    await consumer.stop();
  };

  const expectRefused = async (options: object, code: string): Promise<void> => {
    const before = await kit.backend.dump(keys(), kit.name('in'));
    const consumer = kit.consumer(options as typeof counting);
    expect(await failureOf(consumer.start())).toMatchObject({ code, details: { consumer: 'consumer' } });
    expect(await kit.backend.dump(keys(), kit.name('in'))).toEqual(before);
  };

  test('a record that vanished while its state exists is no fresh start', async () => {
    await handledOnce(counting);
    await kit.backend.evict('record', keys());
    await expectRefused(counting, 'ARS_STATE_LOST');
  });

  test('a record that vanished while the registry lists its consumer is no fresh start', async () => {
    await handledOnce(stateless);
    await kit.backend.evict('record', keys());
    await expectRefused(stateless, 'ARS_STATE_LOST');
  });

  test('a state that vanished while its record exists is no fresh start', async () => {
    await handledOnce(counting);
    await kit.backend.evict('state', keys());
    await expectRefused(counting, 'ARS_STATE_LOST');
  });

  test('a state that vanishes under a running consumer ends it at its next commit; nothing is written', async () => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started(counting);
    await consumer.caughtUp();
    await kit.backend.evict('state', keys());
    const before = await kit.backend.dump(keys());
    await kit.addNumbers('in', 3, 3);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(consumer.state).toEqual({ count: 2 });
    if (kit.kind === 'memory') expect(await kit.backend.dump(keys())).toMatchObject({ rest: { state: undefined } });
    expect((await kit.backend.moment(keys(), kit.name('out'))).attributes).toEqual({});
    expect(before).toBeDefined();
  });

  test('what ends a consumer while it is being stopped is logged, since stop() does not reject', async () => {
    await kit.addNumbers('in', 1, 1);
    const begun = deferred();
    const go = deferred();
    const consumer = await kit.started({
      ...counting,
      handler: async (_: Fields, { state }: Transaction<{ count: number }>) => {
        state.count += 1;
        begun.resolve();
        await go.promise;
      },
    });
    await begun.promise;
    await kit.backend.evict('record', keys());
    const stopped = consumer.stop();
    go.resolve();
    await stopped;
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(kit.logger.lines).toContainEqual(
      expect.objectContaining({ level: 'error', details: expect.objectContaining({ code: 'ARS_STATE_LOST' }) }),
    );
  });

  test('a record that vanishes under a running consumer ends it; nothing is written', async () => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started({
      ...counting,
      handler: (message: Fields, transaction: Transaction<{ count: number }>) => {
        counting.handler(message, transaction);
        transaction.publish(kit.name('out'), { n: message['n']! });
      },
    });
    await consumer.caughtUp();
    await kit.backend.evict('record', keys());
    await kit.addNumbers('in', 3, 3);
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(consumer.state).toEqual({ count: 2 });
    expect(await kit.values('out')).toEqual(['1', '2']);
    expect((await kit.backend.moment(keys(), kit.name('out'))).position).toBeUndefined();
  });

  test('a record that vanishes under an idle consumer is noticed by its heartbeat', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({ ...counting, leaseMs: 150 });
    await consumer.caughtUp();
    await kit.backend.evict('record', keys());
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STATE_LOST' });
  });

  test('another uniqueId for a consumer with stored state is refused: the state would begin anew', async () => {
    class Counter extends Persistable.with({ count: 0 }) {
      readonly uniqueId: string;
      constructor(uniqueId: string) {
        super();
        this.uniqueId = uniqueId;
      }
      handle(): void {
        this.count += 1;
      }
    }
    await kit.addNumbers('in', 1, 1);
    const first = await kit.started({ handler: new Counter('old-name') });
    await first.caughtUp();
    await first.stop();
    await expectRefused({ handler: new Counter('new-name') }, 'ARS_STATE_LOST');
    expect((await kit.started({ handler: new Counter('old-name') })).state).toEqual({ count: 1 });
  });

  test('a state written by another consumer under a running one ends that one, whoever it belongs to', async () => {
    class Counter extends Persistable.with({ count: 0 }) {
      readonly uniqueId = 'shared';
      handle(): void {
        this.count += 1;
      }
    }
    const claimed = deferred();
    const late = await kit.started({ consumerId: 'late', handler: new Counter() });
    claimed.resolve();
    const early = await kit.started({ stream: kit.name('other'), consumerId: 'early', handler: new Counter() });
    await kit.addNumbers('other', 1, 2);
    await early.caughtUp();
    const before = await kit.backend.dump({ consumerId: 'early', scope: kit.name('other'), stateName: 'shared' });
    await kit.addNumbers('in', 1, 1);
    const error = await failureOf(late.closed);
    expect(error).toMatchObject({ code: expect.stringMatching(/^ARS_STATE_(OWNERSHIP|LOST)$/) as string });
    expect(late.state).toEqual({ count: 0 });
    if (kit.kind === 'memory') {
      expect(await kit.backend.dump({ consumerId: 'early', scope: kit.name('other'), stateName: 'shared' })).toEqual(
        before,
      );
    }
    await kit.addNumbers('other', 3, 3);
    await early.caughtUp();
    expect(early.state).toEqual({ count: 3 });
  });
});
