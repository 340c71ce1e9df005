import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { expectLedger, ledgerOf, numbers } from './support/ledger.js';
import { taggedJson } from './support/tagged-json.js';

describeStores((kit) => {
  const stored = async (): Promise<unknown> => {
    const keys = { consumerId: 'consumer', scope: kit.name('in') };
    return (await kit.backend.moment(keys, kit.name('out'))).attributes;
  };

  test('messages before one that is still being handled commit without it and without its changes', async () => {
    await kit.addNumbers('in', 1, 3);
    const gate = deferred();
    const consumer = kit.consumer({
      state: { list: [] as string[], count: 0 },
      handler: async ({ n }, { state }) => {
        state.count += 1;
        state.list.push(`${n} begun`);
        if (n === '3') await gate.promise;
        state.list.push(`${n} done`);
      },
    });
    const committed = nextEvent(consumer, 'commit', ({ cursors }) => cursors[0]!.read === 2);
    await consumer.start();
    await committed;
    const list = ['1 begun', '1 done', '2 begun', '2 done'];
    expect(consumer.state).toEqual({ list, count: 2 });
    expect(await stored()).toEqual({ list: JSON.stringify(list), count: '2' });
    gate.resolve();
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ list: [...list, '3 begun', '3 done'], count: 3 });
  });

  test('a half-written Map, Set or iteration is unharmed by a commit in between', async () => {
    await kit.addNumbers('in', 1, 2);
    const gate = deferred();
    const seen: string[] = [];
    const consumer = kit.consumer({
      state: () => ({
        map: new Map([
          ['a', 1],
          ['b', 2],
          ['c', 3],
        ]),
        set: new Set(['x']),
      }),
      serializer: taggedJson,
      handler: async ({ n }, { state }) => {
        if (n === '1') return void state.map.set('d', 4);
        state.map.delete('a');
        state.set.add('y');
        for (const [key] of state.map) {
          seen.push(key);
          if (key === 'b') await gate.promise;
          state.map.set(key, 0);
        }
        return undefined;
      },
    });
    const committed = nextEvent(consumer, 'commit');
    await consumer.start();
    await committed;
    expect([...consumer.state.map]).toEqual([
      ['a', 1],
      ['b', 2],
      ['c', 3],
      ['d', 4],
    ]);
    gate.resolve();
    await consumer.caughtUp();
    expect(seen).toEqual(['b', 'c', 'd']);
    expect([...consumer.state.map]).toEqual([
      ['b', 0],
      ['c', 0],
      ['d', 0],
    ]);
    expect([...consumer.state.set]).toEqual(['x', 'y']);
  });

  test("a handler that fails after an await takes its changes and publishes back, and nobody else's", async () => {
    await kit.addNumbers('in', 1, 20);
    const { state, handler } = ledgerOf(kit);
    const consumer = await kit.started({
      state,
      handler: async (message, transaction) => {
        handler(message, transaction);
        await new Promise(setImmediate);
        if (transaction.entry.attempt <= Number(message['n']) % 3) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    await expectLedger(kit, 20);
  });

  test('what a handler resolves to does not matter', async () => {
    await kit.addNumbers('in', 1, 3);
    const answers = [
      Promise.resolve(false),
      Promise.resolve(new Error('a value')),
      // oxlint-disable-next-line unicorn/no-thenable -- some libraries have their own promises
      { then: (done: () => void) => done() },
    ];
    const consumer = await kit.started({
      state: { count: 0 },
      handler: (_, { state }) => answers[(state.count += 1) - 1],
    });
    await consumer.caughtUp();
    expect(consumer.state.count).toBe(3);
  });

  test('a thenable that settles twice or throws counts once', async () => {
    await kit.addNumbers('in', 1, 3);
    let calls = 0;
    const consumer = await kit.started({
      state: { seen: [] as string[] },
      handler: ({ n }, { state, entry }) => {
        state.seen.push(`${n}#${entry.attempt}`);
        calls += 1;
        return {
          // oxlint-disable-next-line unicorn/no-thenable -- that is what this is about
          then: (done: () => void, fail: (error: Error) => void) => {
            if (n === '2' && entry.attempt === 1) throw new Error('thrown by then');
            done();
            fail(new Error('too late'));
            done();
          },
        };
      },
    });
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(['1#1', '2#2', '3#1']);
    expect(calls).toBe(4);
  });

  test('concurrent work inside one handler is part of its transaction', async () => {
    await kit.addNumbers('in', 1, 5);
    const consumer = await kit.started({
      state: { done: [] as string[] },
      handler: async ({ n }, { state }) => {
        await Promise.all(
          ['a', 'b', 'c'].map(async (part) => {
            await new Promise(setImmediate);
            state.done.push(`${n}${part}`);
          }),
        );
      },
    });
    await consumer.caughtUp();
    expect(consumer.state.done).toEqual(numbers(1, 5).flatMap((n) => [`${n}a`, `${n}b`, `${n}c`]));
  });

  test('a handler that was ended early by a takeover is told by its signal, and what it does then is refused', async () => {
    await kit.addNumbers('in', 1, 1);
    const running = deferred();
    const reason = deferred<unknown>();
    const late = deferred<unknown>();
    const first = await kit.started({
      state: { count: 0 },
      leaseMs: 150,
      handler: async (_, transaction) => {
        const { signal } = transaction;
        running.resolve();
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        reason.resolve(signal.reason);
        late.resolve(failureOf((async () => (transaction.state.count += 1))()));
      },
    });
    await running.promise;
    const second = await kit.started({ state: { count: 0 }, handler: (_, { state }) => (state.count += 10) });
    expect(await failureOf(first.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect(await reason.promise).toMatchObject({ code: 'ARS_FENCED' });
    expect(await late.promise).toMatchObject({ code: 'ARS_TRANSACTION_CLOSED' });
    await second.caughtUp();
    expect(second.state.count).toBe(10);
  });
});
