import { type Fields, type Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores, type StoreKit } from './stores.js';
import type { RedisBackend } from './support/redis-backend.js';
import { nextEvent } from './support/deferred.js';
import { enter, expectKeyedLedger, keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';
import { Turnstile } from './support/turnstile.js';

const ALL = Array.from({ length: 200 }, (_, index) => index + 1);

function turned(kit: StoreKit, turnstile: Turnstile) {
  return {
    ...keyedLedgerOf(kit),
    handler: async (message: Fields, transaction: Transaction<Ledger>): Promise<void> => {
      transaction.state.hash = -1;
      await turnstile.pass(message['n']!, transaction.signal);
      transaction.state.hash = Number(transaction.state.count === 0 ? 0 : kept.get(message['k']!));
      enter(kit, message, transaction);
      kept.set(message['k']!, transaction.state.hash);
    },
  };
}

/** The hash that the last message of a key left; it is spoilt on purpose before each handler waits. */
const kept = new Map<string, number>();

describeStores((kit) => {
  test('a failing message is retried in place: others of other keys go on, its own key waits', async () => {
    await kit.add('in', { n: 1, k: 'a' }, { n: 2, k: 'b' }, { n: 3, k: 'a' }, { n: 4, k: 'c' });
    const turnstile = new Turnstile();
    const attempts: number[] = [];
    const { handler, ...rest } = turned(kit, turnstile);
    const consumer = await kit.started<Ledger>({
      ...rest,
      concurrency: 4,
      handler: (message, transaction) => {
        if (message['n'] === '1') attempts.push(transaction.entry.attempt);
        return handler(message, transaction);
      },
    });
    await turnstile.until(1);
    turnstile.fail(1, new Error('not yet'));
    turnstile.release(2, 4);
    await turnstile.until(1, 2);
    turnstile.fail(1, new Error('still not'));
    await turnstile.until(1, 3);
    expect(turnstile.begun).not.toContain('3');
    await expectKeyedLedger(kit, 0);
    turnstile.release(1, 3);
    await consumer.caughtUp();
    expect(attempts).toEqual([1, 2, 3]);
    await expectKeyedLedger(kit);
  });

  test('dead letters take their place in stream order, and leave no trace in the state of their key', async () => {
    await kit.add('in', ...keyedNumbers(1, 8, 4));
    const turnstile = new Turnstile();
    const letters: string[] = [];
    const consumer = kit.consumer<Ledger>({
      ...turned(kit, turnstile),
      concurrency: 4,
      deadLetter: kit.name('dead'),
      retry: { attempts: 1 },
    });
    consumer.on('deadLetter', ({ id }) => letters.push(id));
    await consumer.start();
    await turnstile.until(4);
    turnstile.fail(3, new Error('bad'));
    turnstile.release(4, 2);
    await turnstile.until(6);
    turnstile.release(6, 7, 8);
    await turnstile.until(7);
    expect(await kit.entries('dead')).toEqual([]);
    expect(letters).toEqual([]);
    turnstile.fail(1, new Error('bad too'));
    turnstile.release(5);
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual(['1', '3']);
    expect(letters).toEqual(
      (await kit.entries('in')).filter((_, index) => index === 0 || index === 2).map(({ id }) => id),
    );
    expect(await kit.values('out')).toEqual(['2', '4', '5', '6', '7', '8']);
    for (const key of ['k1', 'k3']) expect(await consumer.stateOf(key)).toMatchObject({ count: 1 });
  });

  test('a refused commit with a full window is undone with all behind it, and its message is found', async () => {
    await kit.add('in', ...keyedNumbers(1, 40, 5));
    const wrong = kit.name('wrong');
    let isWrong = true;
    const refused: string[] = [];
    const consumer = kit.consumer<Ledger>({
      ...keyedLedgerOf(kit),
      concurrency: 4,
      deadLetter: kit.name('dead'),
      retry: { attempts: 2 },
      handler: async (message, transaction) => {
        await new Promise((resolve) => setImmediate(resolve));
        enter(kit, message, transaction);
        if (isWrong && message['n'] === '13') transaction.publish(wrong, { n: 13 });
      },
    });
    if (kit.kind === 'redis') await wrongType(kit, wrong);
    else await kit.backend.add(wrong, { n: 0 }, '18446744073709551615-18446744073709551615');
    consumer.on('retry', ({ id }) => refused.push(id));
    const gone = nextEvent(consumer, 'deadLetter');
    await consumer.start();
    const { id, code } = await gone;
    await consumer.caughtUp();
    isWrong = false;
    const ids = (await kit.entries('in')).map((entry) => entry.id);
    expect([id, code]).toEqual([ids[12], 'ARS_COMMIT']);
    expect(refused).toEqual([ids[12]]);
    expect(await kit.values('dead')).toEqual(['13']);
    expect(await kit.values('out')).toEqual(
      ALL.slice(0, 40)
        .filter((n) => n !== 13)
        .map(String),
    );
    expect(await consumer.stateOf('k3')).toMatchObject({ count: 7 });
    expect(await consumer.stateOf('k2')).toMatchObject({ count: 8 });
  });

  test('a key function that fails once is asked again, and no later message of that key goes first', async () => {
    await kit.add('in', { n: 1, k: 'b' }, { n: 2, k: 'a' }, { n: 3, k: 'a' }, { n: 4, k: 'b' });
    for (const concurrency of [1, 4]) {
      const order: string[] = [];
      let asked = 0;
      const consumer = await kit.started<Ledger>({
        ...keyedLedgerOf(kit),
        consumerId: `c${concurrency}`,
        concurrency,
        key: ({ n, k }) => {
          if (n === '2' && (asked += 1) < 3) throw new Error('not yet');
          return k!;
        },
        handler: ({ k, n }, { state }) => {
          if (k === 'a') order.push(n!);
          state.count += 1;
        },
      });
      await consumer.caughtUp();
      expect(order).toEqual(['2', '3']);
      expect(await consumer.stateOf('a')).toMatchObject({ count: 2 });
      await consumer.stop();
    }
  });

  test('a message without a key goes to the dead letters in its turn, without a second try', async () => {
    await kit.add('in', { n: 1, k: 'b' }, { n: 2 }, { n: 3, k: 'a' }, { n: 4, k: '' }, { n: 5, k: 'b' });
    for (const concurrency of [1, 4]) {
      const dead = `dead${concurrency}`;
      const codes: string[] = [];
      const options = { concurrency, consumerId: `c${concurrency}`, deadLetter: kit.name(dead) };
      const consumer = kit.consumer<Ledger>({ ...keyedLedgerOf(kit), ...options });
      consumer.on('deadLetter', ({ code, attempts }) => codes.push(`${code} ${attempts}`));
      await consumer.start();
      await consumer.caughtUp();
      expect(await kit.values(dead)).toEqual(['2', '4']);
      expect(codes).toEqual(['ARS_MESSAGE_VALIDATION 1', 'ARS_MESSAGE_VALIDATION 1']);
      expect(await consumer.stateOf('b')).toMatchObject({ count: 2 });
      await consumer.stop();
    }
  });

  test('a gap in the window is skipped in its place, and its handler has no state a key', async () => {
    const ids = await kit.add('in', ...keyedNumbers(1, 10, 3));
    const first = await kit.started<Ledger>({ ...keyedLedgerOf(kit), batch: { maxMessages: 2 } });
    await first.caughtUp();
    await first.stop();
    const more = await kit.add('in', ...keyedNumbers(11, 20, 3));
    await kit.backend.delete(kit.name('in'), more[0]!, more[1]!);
    const writes: unknown[] = [];
    const consumer = await kit.started<Ledger>({
      ...keyedLedgerOf(kit),
      concurrency: 4,
      onGap: (gap, transaction) => {
        try {
          transaction.state.count = 99;
        } catch (error) {
          writes.push((error as { code?: string }).code);
        }
        transaction.publish(kit.name('out'), { n: `lost ${gap.lost}` });
        return 'skip';
      },
    });
    await consumer.caughtUp();
    expect(writes).toEqual(['ARS_CONFIGURATION']);
    expect(ids).toHaveLength(10);
    const outputs = await kit.values('out');
    expect(outputs).toEqual([...ALL.slice(0, 10).map(String), 'lost 2', ...ALL.slice(12, 20).map(String)]);
    expect(await consumer.stateOf('k1')).toMatchObject({ count: 7 });
  });
});

async function wrongType(kit: StoreKit, key: string): Promise<void> {
  const { client } = kit.backend as RedisBackend;
  await client.set(key, 'not a stream');
}
