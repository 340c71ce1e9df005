import { type Fields, isArsError, Persistable, type Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf } from './support/deferred.js';

class OrderCounter extends Persistable.with({ count: 0, seen: [] as string[] }) {
  readonly uniqueId: string = 'order-counter';
  instanceOnly = 0;

  handle(order: Fields, _transaction: Transaction<object>): unknown {
    this.count += 1;
    this.instanceOnly += 1;
    this.seen.push(order['n']!);
    return undefined;
  }
}

class AuditedCounter extends OrderCounter.with({ audited: 0 }) {
  override handle(order: Fields, transaction: Transaction<object>): unknown {
    super.handle(order, transaction);
    this.audited += 2;
    if (order['n'] === 'fail' && transaction.entry.attempt < 3) throw new Error('not yet');
    return undefined;
  }
}

class SlowCounter extends OrderCounter {
  override async handle(order: Fields, transaction: Transaction<object>): Promise<void> {
    await Promise.resolve();
    super.handle(order, transaction);
    await Promise.resolve();
    this.count += 10;
  }
}

describeStores((kit) => {
  test('attributes are restored, inherited ones too, and ordinary fields are not', async () => {
    await kit.addNumbers('in', 1, 3);
    const first = await kit.started({ handler: new AuditedCounter() });
    await first.caughtUp();
    await first.stop();
    const handler = new AuditedCounter();
    const second = await kit.started({ handler });
    expect(second.state).toEqual({ count: 3, seen: ['1', '2', '3'], audited: 6 });
    expect([handler.count, handler.audited, handler.instanceOnly]).toEqual([3, 6, 0]);
    await kit.addNumbers('in', 4, 4);
    await second.caughtUp();
    expect([handler.count, handler.audited, handler.seen]).toEqual([4, 8, ['1', '2', '3', '4']]);
  });

  test('what a failing handler did to attributes vanishes, inherited ones too', async () => {
    await kit.add('in', { n: 'a' }, { n: 'fail' });
    const handler = new AuditedCounter();
    const consumer = await kit.started({ handler });
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ count: 2, seen: ['a', 'fail'], audited: 4 });
    expect(handler.instanceOnly).toBe(4);
  });

  test('the state is named by uniqueId, whatever the consumer reads', async () => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started({ handler: new OrderCounter() });
    await consumer.caughtUp();
    const keys = { consumerId: 'consumer', scope: kit.name('in'), stateName: 'order-counter' };
    expect((await kit.backend.moment(keys, kit.name('out'))).attributes).toEqual({ count: '2', seen: '["1","2"]' });
  });

  test('asynchronous handlers of classes work on their own attributes', async () => {
    await kit.addNumbers('in', 1, 4);
    const handler = new SlowCounter();
    const consumer = await kit.started({ handler });
    await consumer.caughtUp();
    expect(handler.count).toBe(44);
    expect(handler.seen).toEqual(['1', '2', '3', '4']);
  });

  test('outside handle, reading gives the committed value as a copy, and writing throws', async () => {
    await kit.addNumbers('in', 1, 1);
    const handler = new OrderCounter();
    expect(handler.count).toBe(0);
    const consumer = await kit.started({ handler });
    await consumer.caughtUp();
    handler.seen.push('mine');
    expect(handler.seen).toEqual(['1']);
    for (const write of [() => (handler.count = 7), () => (handler.seen = [])]) {
      expect(() => write()).toThrow(expect.objectContaining({ code: 'ARS_TRANSACTION_CLOSED' }));
    }
    expect(consumer.state).toEqual({ count: 1, seen: ['1'] });
  });

  test('a class without attributes is a stateless handler, and may serve several consumers', async () => {
    class Plain extends Persistable {
      readonly uniqueId = 'plain';
      seen: string[] = [];
      handle({ n }: Fields): void {
        this.seen.push(n!);
      }
    }
    const handler = new Plain();
    await kit.addNumbers('in', 1, 2);
    for (const consumerId of ['a', 'b']) {
      const consumer = await kit.started({ consumerId, handler });
      await consumer.caughtUp();
      expect(consumer.state).toEqual({});
    }
    expect(handler.seen).toEqual(['1', '2', '1', '2']);
  });

  test('an instance serves one consumer', () => {
    const handler = new OrderCounter();
    kit.consumer({ handler });
    expect(() => kit.consumer({ handler, consumerId: 'other' })).toThrow(
      expect.objectContaining({ code: 'ARS_CONFIGURATION' }),
    );
  });

  test('two consumers that use one uniqueId: the second refuses to start', async () => {
    await kit.addNumbers('in', 1, 1);
    const owner = await kit.started({ handler: new OrderCounter() });
    await owner.caughtUp();
    const intruder = kit.consumer({ handler: new OrderCounter(), consumerId: 'intruder' });
    expect(isArsError(await failureOf(intruder.start()), 'ARS_STATE_OWNERSHIP')).toBe(true);
    await kit.addNumbers('in', 2, 2);
    await owner.caughtUp();
    expect(owner.state).toMatchObject({ count: 2 });
  });

  test('a consumer that has worked before, and now names the state of another: it says whose that is', async () => {
    await kit.addNumbers('in', 1, 1);
    const owner = await kit.started({ handler: new OrderCounter() });
    const intruder = await kit.started({ handler: () => {}, consumerId: 'intruder' });
    await Promise.all([owner.caughtUp(), intruder.caughtUp()]);
    await intruder.stop();
    const again = kit.consumer({ handler: new OrderCounter(), consumerId: 'intruder' });
    expect(await failureOf(again.start())).toMatchObject({
      code: 'ARS_STATE_OWNERSHIP',
      details: { consumer: 'intruder', owner: expect.stringContaining('consumer') },
    });
    await kit.addNumbers('in', 2, 2);
    await owner.caughtUp();
    expect(owner.state).toMatchObject({ count: 2 });
  });

  test('two consumers that use one uniqueId and start together: only one ever writes it', async () => {
    const consumers = await Promise.all(
      ['a', 'b'].map((consumerId) => kit.started({ consumerId, handler: new OrderCounter() })),
    );
    await kit.addNumbers('in', 1, 5);
    const ended = await Promise.all(
      consumers.map((consumer) =>
        consumer.caughtUp().then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    );
    const errors = ended.filter((error) => error !== undefined);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatchObject({ code: expect.stringMatching(/^ARS_STATE_(OWNERSHIP|LOST)$/) });
    expect(consumers[ended.indexOf(undefined)]!.state).toMatchObject({ count: 5 });
  });
});
