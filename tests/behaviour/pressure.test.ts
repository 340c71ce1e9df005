import type { Fields, StreamConsumer, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';
import { expectLedger, type Ledger, ledgerOf, numbers } from './support/ledger.js';

const closed: unknown = expect.objectContaining({ code: 'ARS_TRANSACTION_CLOSED' });

interface Tally {
  count: number;
  list: number[];
}

/** What a handler that does not end has let out. */
interface Hung {
  readonly transaction: Transaction<Tally>;
  readonly state: Tally;
  readonly list: number[];
  readonly signal: AbortSignal;
}

/** Tries all that a handler can do with its transaction, and with what it kept of it. */
function expectDead(transaction: Transaction<Tally>, kept: Tally, list: number[], out: string): void {
  const uses: (() => unknown)[] = [
    () => transaction.state,
    () => kept.count,
    () => (kept.count = 99),
    () => list.push(99),
    () => transaction.publish(out, { late: 1 }),
    () => transaction.afterCommit(() => {}),
    () => transaction.clearState(),
  ];
  for (const use of uses) expect(use, String(use)).toThrow(closed);
}

describeStores((kit) => {
  test.each(['resolves', 'rejects'])(
    'a handler abandoned at the deadline is dead, and it changes nothing that it %s late',
    async (how) => {
      await kit.addNumbers('in', 1, 3);
      const out = kit.name('out');
      const late = deferred();
      const hung = deferred<Hung>();
      const consumer = await kit.started<Tally>({
        state: { count: 0, list: [] },
        stopTimeoutMs: 40,
        handler: (message, transaction) => {
          const { state } = transaction;
          state.count += 1;
          state.list.push(Number(message['n']));
          transaction.publish(out, { n: message['n']! });
          if (message['n'] !== '2') return undefined;
          hung.resolve({ transaction, state, list: state.list, signal: transaction.signal });
          return late.promise;
        },
      });
      const { transaction, state, list, signal } = await hung.promise;
      await waitFor(() => consumer.stats().messages === 1, 'the first message to be committed');
      expect(signal.aborted).toBe(false);
      await consumer.stop();
      await consumer.closed;
      expect(signal.aborted).toBe(true);
      expect(signal.reason).toMatchObject({ code: 'ARS_STOPPED' });
      expectDead(transaction, state, list, out);
      if (how === 'resolves') late.resolve();
      else late.reject(new Error('late'));
      await new Promise(setImmediate);
      expectDead(transaction, state, list, out);
      expect(consumer.state).toEqual({ count: 1, list: [1] });
      expect(await kit.values('out')).toEqual(['1']);
      const next = await kit.started<Tally>({
        state: { count: 0, list: [] },
        handler: (_, { state }) => void (state.count += 1),
      });
      await next.caughtUp();
      expect(next.state).toEqual({ count: 3, list: [1] });
    },
  );

  test('a handler of a fenced owner is told by its signal, and what it does then is refused', async () => {
    await kit.addNumbers('in', 1, 1);
    const out = kit.name('out');
    const begun = deferred<Hung>();
    const late = deferred();
    const owner = await kit.started<Tally>({
      state: { count: 0, list: [] },
      leaseMs: 150,
      handler: async (_, transaction) => {
        const { state } = transaction;
        state.count += 1;
        begun.resolve({ transaction, state, list: state.list, signal: transaction.signal });
        await late.promise;
      },
    });
    const { transaction, state, list, signal } = await begun.promise;
    const aborted = new Promise((resolve) => signal.addEventListener('abort', resolve));
    const successor = await kit.started<Tally>({
      store: kit.connect(),
      state: { count: 0, list: [] },
      handler: (_, next) => next.publish(out, { n: (next.state.count += 1) }),
    });
    await aborted;
    expect(signal.reason).toMatchObject({ code: 'ARS_FENCED' });
    expect(await failureOf(owner.closed)).toMatchObject({ code: 'ARS_FENCED' });
    await successor.caughtUp();
    expectDead(transaction, state, list, out);
    late.resolve();
    await new Promise(setImmediate);
    expect(await kit.values('out')).toEqual(['1']);
    expect(owner.state.count).toBe(0);
  });

  test('an event loop that is blocked beyond the lease costs nothing while nobody takes over', async () => {
    await kit.addNumbers('in', 1, 30);
    const { state, handler } = ledgerOf(kit);
    const consumer = await kit.started<Ledger>({
      state,
      leaseMs: 100,
      batch: { maxMessages: 7 },
      handler: (message, transaction) => {
        const until = message['n'] === '10' ? performance.now() + 300 : 0; // the block itself
        while (performance.now() < until);
        return handler(message, transaction);
      },
    });
    await consumer.caughtUp();
    expect(consumer.stats()).toMatchObject({ messages: 30, failures: 0, rewinds: 0 });
    await expectLedger(kit, 30);
  });

  test('an owner that was blocked while another took over is fenced, and only the other goes on', async () => {
    await kit.addNumbers('in', 1, 30);
    const { state, handler } = ledgerOf(kit);
    const second = kit.consumer<Ledger>({ ...ledgerOf(kit), store: kit.connect() });
    let taking: Promise<void> | undefined;
    const first = await kit.started<Ledger>({
      state,
      leaseMs: 100,
      batch: { maxMessages: 7 },
      // To this owner no time passes between its two steps, and yet another has come.
      handler: async (message, transaction) => {
        if (message['n'] === '10') await (taking = second.start());
        await handler(message, transaction);
      },
    });
    expect(await failureOf(first.closed)).toMatchObject({ code: 'ARS_FENCED' });
    await taking;
    await second.caughtUp();
    expect(first.state.count).toBeLessThan(10);
    await expectLedger(kit, 30);
  });

  test('a hundred consumers of one store all get on, though one of them is stuck and one fails for ever', async () => {
    const gate = deferred();
    const seen = new Map<number, string[]>();
    const consumers: StreamConsumer<never, never>[] = [];
    for (let one = 0; one < 100; one += 1) {
      await kit.addNumbers(`in-${one}`, 1, 5);
      seen.set(one, []);
      const consumer = kit.consumer({
        stream: kit.name(`in-${one}`),
        consumerId: `consumer-${one}`,
        stopTimeoutMs: 2_000,
        handler: ({ n }: Fields) => {
          if (one === 1) throw new Error('for ever');
          seen.get(one)!.push(n!);
          return one === 0 ? gate.promise : undefined;
        },
      });
      consumers.push(consumer as never);
    }
    await Promise.all(consumers.map((consumer) => consumer.start()));
    await Promise.all(consumers.slice(2).map((consumer) => consumer.caughtUp()));
    for (let one = 2; one < 100; one += 1) expect(seen.get(one)).toEqual(numbers(1, 5));
    expect([seen.get(0), seen.get(1)]).toEqual([['1'], []]);
    for (let one = 2; one < 100; one += 1) await kit.addNumbers(`in-${one}`, 6, 6);
    await Promise.all(consumers.slice(2).map((consumer) => consumer.caughtUp()));
    gate.resolve();
    await consumers[0]!.caughtUp();
    expect(seen.get(0)).toEqual(numbers(1, 5));
  });
});
