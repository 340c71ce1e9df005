import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { expectLedger, ledgerOf } from './support/ledger.js';

describeStores((kit) => {
  /** A store whose first commit is held until the gate opens. */
  const holdingFirstCommit = () => {
    const sent = deferred();
    const gate = deferred();
    let commits = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit') return proceed();
      commits += 1;
      if (commits > 1) return proceed();
      sent.resolve();
      await gate.promise;
      return proceed();
    });
    return { store, sent, gate, commits: () => commits };
  };

  test('messages handled while a commit is in flight share the next one', async () => {
    const { store, sent, gate, commits } = holdingFirstCommit();
    const { state, handler } = ledgerOf(kit);
    const handled = deferred();
    const sizes: number[] = [];
    const consumer = kit.consumer({
      store,
      state,
      handler: (message, transaction) => {
        handler(message, transaction);
        if (message['n'] === '50') handled.resolve();
      },
    });
    consumer.on('commit', ({ messages }) => sizes.push(messages));
    await consumer.start();
    await kit.addNumbers('in', 1, 1);
    await sent.promise;
    await kit.addNumbers('in', 2, 50);
    await handled.promise;
    gate.resolve();
    await consumer.caughtUp();
    expect(sizes).toEqual([1, 49]);
    expect(commits()).toBe(2);
    await expectLedger(kit, 50);
  });

  test('no more than batch.maxMessages are handled ahead of the commit in flight', async () => {
    const { store, sent, gate } = holdingFirstCommit();
    const { state, handler } = ledgerOf(kit);
    const handled = deferred();
    let count = 0;
    const consumer = kit.consumer({
      store,
      state,
      batch: { maxMessages: 10 },
      handler: (message, transaction) => {
        handler(message, transaction);
        count += 1;
        if (count === 11) handled.resolve();
      },
    });
    await kit.addNumbers('in', 1, 1);
    await consumer.start();
    await sent.promise;
    await kit.addNumbers('in', 2, 60);
    await handled.promise;
    await kit.store.tail([kit.name('in')]);
    await new Promise(setImmediate);
    expect(count).toBe(11);
    gate.resolve();
    await consumer.caughtUp();
    await expectLedger(kit, 60);
  });

  test('at most one commit is under way', async () => {
    let underWay = 0;
    let most = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit') return proceed();
      underWay += 1;
      most = Math.max(most, underWay);
      await new Promise(setImmediate);
      try {
        return await proceed();
      } finally {
        underWay -= 1;
      }
    });
    await kit.addNumbers('in', 1, 120);
    const consumer = await kit.started({ ...ledgerOf(kit), store, batch: { maxMessages: 5 } });
    await consumer.caughtUp();
    expect(most).toBe(1);
    await expectLedger(kit, 120);
  });

  test('a message that fails does not keep those before it in its group from committing', async () => {
    const { store, sent, gate } = holdingFirstCommit();
    const { state, handler } = ledgerOf(kit);
    const failed = deferred();
    let mayPass = false;
    const consumer = await kit.started({
      store,
      state,
      handler: (message, transaction) => {
        handler(message, transaction);
        if (message['n'] !== '5' || mayPass) return;
        failed.resolve();
        throw new Error('not yet');
      },
    });
    await kit.addNumbers('in', 1, 1);
    await sent.promise;
    await kit.addNumbers('in', 2, 8);
    await failed.promise;
    gate.resolve();
    await nextCount(4);
    expect(consumer.state.count).toBe(4);
    mayPass = true;
    await consumer.caughtUp();
    await expectLedger(kit, 8);

    async function nextCount(count: number): Promise<void> {
      while ((await kit.entries('out')).length < count || consumer.state.count < count) await new Promise(setImmediate);
    }
  });

  test('a refused commit is undone, and only the message it was refused for is retried', async () => {
    await kit.backend.add(kit.name('full'), { n: 0 }, '18446744073709551615-18446744073709551614');
    await kit.addNumbers('in', 1, 10);
    const { state, handler } = ledgerOf(kit);
    const failed: string[] = [];
    let isFull = true;
    const consumer = kit.consumer({
      state,
      handler: (message, transaction) => {
        handler(message, transaction);
        if (message['n'] === '6' && isFull) transaction.publish(kit.name('full'), { n: '6' });
      },
    });
    consumer.on('retry', ({ id, error }) => {
      failed.push(id);
      expect(error).toMatchObject({ code: 'ARS_COMMIT' });
      isFull = failed.length < 3;
    });
    await consumer.start();
    await consumer.caughtUp();
    const ids = (await kit.entries('in')).map(({ id }) => id);
    expect(failed).toEqual([ids[5], ids[5], ids[5]]);
    await expectLedger(kit, 10);
    expect(await kit.values('full')).toEqual(['0']);
  });

  test('a message that cannot be stored takes nothing of its group with it', async () => {
    await kit.addNumbers('in', 1, 10);
    const { state, handler } = ledgerOf(kit);
    const consumer = await kit.started({
      state: { ...state, value: null as unknown },
      serializer: {
        name: 'picky',
        undefinedProperties: 'deleted',
        deserialize: (text) => JSON.parse(String(text)) as unknown,
        serialize: (value) => {
          if (value === 'poison') throw new Error('cannot store this');
          return JSON.stringify(value);
        },
      },
      handler: (message, transaction) => {
        handler(message, transaction as never);
        if (message['n'] === '7') transaction.state.value = 'poison';
      },
    });
    await expect(consumer.closed).rejects.toMatchObject({ code: 'ARS_SERIALIZATION', details: { attribute: 'value' } });
    expect(consumer.state).toMatchObject({ count: 6, value: null });
    expect(await kit.values('out')).toEqual(['1', '2', '3', '4', '5', '6']);
  });
});
