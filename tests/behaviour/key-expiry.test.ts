import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type StoreKit } from './stores.js';
import type { RedisBackend } from './support/redis-backend.js';
import { keyedMoment, storedStates } from './support/keyed-content.js';
import { Turnstile } from './support/turnstile.js';

interface Visits {
  count: number;
  notes: string[];
}

const TTL = 1_000;

/** Counts the visits of a key within its time to live; a message `look` reads only, `clear` clears. */
function visits(kit: StoreKit) {
  return {
    key: ({ k }: Fields): string => k!,
    state: { count: 0, notes: [] } as Visits,
    stateTtlMs: TTL,
    handler: ({ k, t, act }: Fields, transaction: Transaction<Visits>): void => {
      const { state } = transaction;
      if (act === 'clear') transaction.clearState();
      else if (act !== 'look') {
        state.count += 1;
        state.notes.push(t!);
      }
      transaction.publish(kit.name('out'), { k: k!, t: t!, count: state.count });
    },
  };
}

/** Adds messages at given milliseconds: `1000 a`, `1500 a look`. */
async function addAt(kit: StoreKit, ...visitsAt: string[]): Promise<void> {
  for (const visit of visitsAt) {
    const [t, k, act] = visit.split(' ') as [string, string, string | undefined];
    await kit.backend.add(kit.name('in'), { k, t, ...(act === undefined ? {} : { act }) }, `${t}-1`);
  }
}

const counts = async (kit: StoreKit): Promise<string[]> =>
  (await kit.entries('out')).map(({ message: { t, count } }) => `${String(t)}:${String(count)}`);

const HISTORY = [
  '1000 a', '1900 a', '2800 a look', '2899 a look', '2900 a', '3000 b', '3899 a', '4899 a look', '5898 a', '6898 b', '6898 a',
]; // prettier-ignore
// Each change gives 1,000 ms; the last millisecond is no part of it: 2899 sees what 1900 left, 2900 does not.
const SEEN = [
  '1000:1',
  '1900:2',
  '2800:2',
  '2899:2',
  '2900:1',
  '3000:1',
  '3899:2',
  '4899:0',
  '5898:1',
  '6898:1',
  '6899:1',
];

async function addHistory(kit: StoreKit, from: number, to: number): Promise<void> {
  const history = [...HISTORY.slice(0, -1), '6899 a'];
  await addAt(kit, ...history.slice(from, to));
}

describeStores((kit) => {
  test('whether a state has expired is decided by the time of the entries', async () => {
    await addHistory(kit, 0, 11);
    const consumer = await kit.started<Visits>(visits(kit));
    await consumer.caughtUp();
    expect(await counts(kit)).toEqual(SEEN);
  });

  test('that is the same with a restart after each message, uncached, and several at once', async () => {
    for (let index = 0; index < 11; index += 1) {
      await addHistory(kit, index, index + 1);
      const consumer = await kit.started<Visits>({ ...visits(kit), concurrency: 1 + (index % 3) });
      await consumer.caughtUp();
      await consumer.stop();
    }
    expect(await counts(kit)).toEqual(SEEN);
  });

  test('it is the same for messages of one key that are handled while earlier ones of it wait to be committed', async () => {
    await addAt(kit, '1000 a');
    const before = await kit.started<Visits>(visits(kit));
    await before.caughtUp();
    await before.stop();
    await addAt(kit, '1900 x', '1901 a', '2500 a', '3600 a', '3601 a');
    const turnstile = new Turnstile();
    const { handler, ...rest } = visits(kit);
    const consumer = await kit.started<Visits>({
      ...rest,
      concurrency: 3,
      handler: async (message, transaction) => {
        await turnstile.pass(message['t']!, transaction.signal);
        handler(message, transaction);
      },
    });
    turnstile.release(1901, 2500, 3600, 3601);
    await turnstile.until(3601);
    await waitFor(() => turnstile.running.size === 1, 'the others to finish');
    turnstile.release(1900);
    await consumer.caughtUp();
    expect(await counts(kit)).toEqual(['1000:1', '1900:1', '1901:2', '2500:3', '3600:1', '3601:2']);
    expect((await keyedMoment(kit)).keys['a']!.expiresAt).toBe(4601);
  });

  test('the stored expiry is the last change plus the time to live; what only reads does not prolong it', async () => {
    await addAt(kit, '1000 a', '1200 b', '1500 a look', '1600 b clear', '1700 c', '1701 c');
    const consumer = await kit.started<Visits>(visits(kit));
    await consumer.caughtUp();
    const { keys } = await keyedMoment(kit);
    expect(Object.fromEntries(Object.entries(keys).map(([key, { expiresAt }]) => [key, expiresAt]))).toEqual({
      a: 2000,
      c: 2701,
    });
  });

  test('a state whose expiry would lie beyond what a number can tell exactly is kept for good', async () => {
    const last = Number.MAX_SAFE_INTEGER - TTL;
    await addAt(kit, `${last} a`, `${last + 1} b`, '9007199254740993 b', '18446744073709551000 b look');
    const consumer = await kit.started<Visits>(visits(kit));
    await consumer.caughtUp();
    expect((await counts(kit)).map((seen) => seen.split(':')[1])).toEqual(['1', '1', '2', '2']);
    const { keys } = await keyedMoment(kit);
    expect([keys['a']!.expiresAt, keys['b']!.expiresAt]).toEqual([Number.MAX_SAFE_INTEGER, undefined]);
    expect(consumer.stats().failures).toBe(0);
  });

  test('a refused or failed change does not prolong either', async () => {
    await addAt(kit, '1000 a', '1500 a', '2100 a look');
    const { handler, ...rest } = visits(kit);
    let failures = 0;
    const consumer = await kit.started<Visits>({
      ...rest,
      deadLetter: kit.name('dead'),
      retry: { attempts: 2 },
      handler: (message, transaction) => {
        handler(message, transaction);
        if (message['t'] === '1500') throw new Error(`${(failures += 1)}`);
      },
    });
    await consumer.caughtUp();
    expect(failures).toBe(2);
    expect(await counts(kit)).toEqual(['1000:1', '2100:0']);
    expect(await storedStates(kit)).toEqual({});
  });

  test.each([1, 3])(
    'a refused commit does not prolong, nor does what was handled behind it (%i at once)',
    async (concurrency) => {
      await addAt(kit, '1000 a', '1001 b');
      const first = await kit.started<Visits>(visits(kit));
      await first.caughtUp();
      await first.stop();
      const wrong = kit.name('wrong');
      if (kit.kind === 'redis') await (kit.backend as RedisBackend).client.set(wrong, 'no stream');
      else await kit.backend.add(wrong, { n: 0 }, '18446744073709551615-18446744073709551615');
      await addAt(kit, '1500 a', '2100 a look', '2500 b', '2501 b');
      const { handler, ...rest } = visits(kit);
      const consumer = await kit.started<Visits>({
        ...rest,
        concurrency,
        batch: { maxMessages: concurrency === 1 ? 1_000 : 1 },
        deadLetter: kit.name('dead'),
        retry: { attempts: 2 },
        handler: (message, transaction) => {
          handler(message, transaction);
          if (message['t'] !== '1500') return undefined;
          transaction.publish(wrong, { n: 1 });
          // With others beside it, those of the other key are handled before it is refused.
          return concurrency > 1 ? new Promise((resolve) => setImmediate(resolve)) : undefined;
        },
      });
      await consumer.caughtUp();
      expect(await kit.values('dead', 't')).toEqual(['1500']);
      expect(await counts(kit)).toEqual(['1000:1', '1001:1', '2100:0', '2500:1', '2501:2']);
    },
  );

  test('without stateTtlMs a stored expiry means nothing any more', async () => {
    await addAt(kit, '1000 a');
    const first = await kit.started<Visits>(visits(kit));
    await first.caughtUp();
    await first.stop();
    await addAt(kit, '9000 a');
    const { stateTtlMs: _, ...endless } = visits(kit);
    const consumer = await kit.started<Visits>(endless);
    await consumer.caughtUp();
    expect(await counts(kit)).toEqual(['1000:1', '9000:2']);
    expect((await keyedMoment(kit)).keys['a']!.expiresAt).toBeUndefined();
  });
});
