import type { Fields, StatePage, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type StoreKit } from './stores.js';
import { intercepted } from './support/intercepted-store.js';
import { deferred } from './support/deferred.js';
import { storedStates } from './support/keyed-content.js';
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

describeStores((kit) => {
  test('expired states are swept from the store, and none that was touched since', async () => {
    const many = Array.from({ length: 30 }, (_, index) => `${1000 + index} k${index}`);
    await addAt(kit, ...many, '1500 kept', '1900 kept');
    const consumer = await kit.started<Visits>({ ...visits(kit), stateCache: { maxKeys: 1 } });
    await consumer.caughtUp();
    expect(Object.keys(await storedStates(kit))).toHaveLength(31);
    let t = 2_600;
    await waitFor(async () => {
      await addAt(kit, `${(t += 1)} other`);
      await consumer.caughtUp();
      return Object.keys(await storedStates(kit)).length === 2;
    }, 'the 30 expired states to be deleted');
    expect(await storedStates(kit)).toMatchObject({ kept: { count: 2 } });
    expect(await counts(kit)).toContain(`${t}:${t - 2_600}`);
  });

  test('a state that is renewed while a page of expired ones is awaited stays', async () => {
    await addAt(kit, '1000 a', '1001 b', '1002 c', '3000 d');
    const held = deferred();
    const asked = deferred();
    let isHeld = false;
    const store = intercepted(kit.store, async (call, proceed) => {
      const page = await proceed();
      if (call !== 'scan' || isHeld || (page as StatePage).states.length < 3) return page;
      isHeld = true;
      asked.resolve();
      await held.promise;
      return page;
    });
    const consumer = await kit.started<Visits>({ ...visits(kit), store, stateCache: { maxKeys: 1 } });
    await consumer.caughtUp();
    let t = 3_000;
    const nudge = async (): Promise<void> => {
      await addAt(kit, `${(t += 1)} d`);
      await consumer.caughtUp();
    };
    await waitFor(async () => {
      await nudge();
      return Promise.race([
        asked.promise.then(() => true),
        new Promise<false>((resolve) => setImmediate(resolve, false)),
      ]);
    }, 'the store to be looked through');
    await addAt(kit, `${(t += 1)} a`);
    await nudge();
    const renewed = String(t - 1);
    held.resolve();
    await waitFor(async () => {
      await nudge();
      const { b, c } = await storedStates(kit);
      return b === undefined && c === undefined;
    }, 'the others to be deleted');
    expect(await storedStates(kit)).toMatchObject({ a: { count: 1, notes: [renewed] } });
  });

  test('stateOf an expired key answers that there is none, cached or not; a change not yet committed does not revive it', async () => {
    await addAt(kit, '1000 a', '1500 b', '2000 c');
    for (const maxKeys of [1, 100]) {
      const consumer = await kit.started<Visits>({ ...visits(kit), stateCache: { maxKeys } });
      await consumer.caughtUp();
      expect(await consumer.stateOf('a')).toBeUndefined();
      expect(await consumer.stateOf('b')).toMatchObject({ count: 1 });
      const keys: string[] = [];
      for await (const [key] of consumer.states()) keys.push(key);
      expect(keys.sort()).toEqual(['b', 'c']);
      await consumer.stop();
      expect(await consumer.stateOf('a')).toBeUndefined();
    }
    const turnstile = new Turnstile();
    const consumer = await kit.started<Visits>({
      ...visits(kit),
      concurrency: 2,
      handler: async ({ t }, { state, signal }) => {
        if (t === '2001') await turnstile.pass(t, signal);
        else turnstile.begun.push(t!);
        state.count += 1;
      },
    });
    await addAt(kit, '2001 x', '2002 a');
    await turnstile.until(2002);
    expect(await consumer.stateOf('a')).toBeUndefined();
    turnstile.release(2001);
    await consumer.caughtUp();
    expect(await consumer.stateOf('a')).toEqual({ count: 1, notes: [] });
  });
});
