import { type Fields, type Serializer, strictJson } from '@ars/core';
import { msgpackSerializer } from '@ars/msgpack';
import { superjsonSerializer } from '@ars/superjson';
import { expect, test } from 'vitest';
import { describeStores, type StoreKit } from './stores.js';
import { failureOf } from './support/deferred.js';
import { keyedMoment, rawKeys } from './support/keyed-content.js';
import { keyedNumbers } from './support/keyed-ledger.js';

interface Total {
  total: number;
}
interface Cents {
  cents: number;
  seen: string[];
}

const key = ({ k }: Fields): string => k!;

function before(kit: StoreKit) {
  return {
    key,
    state: { total: 0 } as Total,
    handler: ({ n }: Fields, { state }: { state: Total }): void => void (state.total += Number(n)),
    store: kit.store,
  };
}

function after(migrations: string[] = []) {
  return {
    key,
    state: { cents: 0, seen: [] } as Cents,
    stateVersion: 1,
    migrate: (stored: Record<string, unknown>, from: number): Record<string, unknown> => {
      migrations.push(`${from}:${JSON.stringify(stored)}`);
      return { cents: Number(stored['total']) * 100 };
    },
    handler: ({ n }: Fields, { state }: { state: Cents }): void => {
      state.cents += Number(n) * 100;
      state.seen.push(n!);
    },
  };
}

async function runBefore(kit: StoreKit, last = 10): Promise<void> {
  await kit.add('in', ...keyedNumbers(1, last, 5));
  const consumer = await kit.started<Total>(before(kit));
  await consumer.caughtUp();
  await consumer.stop();
}

describeStores((kit) => {
  test('each key is migrated when it is needed, and written in the new form only when it changes', async () => {
    await runBefore(kit);
    const untouched = (await rawKeys(kit))['k2'];
    const migrations: string[] = [];
    await kit.add('in', { n: 11, k: 'k1' }, { n: 12, k: 'k1' }, { n: 13, k: 'new' });
    const consumer = await kit.started<Cents>(after(migrations));
    await consumer.caughtUp();
    expect(migrations).toEqual(['0:{"total":7}']);
    expect(await consumer.stateOf('k1')).toEqual({ cents: (7 + 23) * 100, seen: ['11', '12'] });
    expect(await consumer.stateOf('new')).toEqual({ cents: 1300, seen: ['13'] });
    expect(await consumer.stateOf('k2')).toEqual({ cents: 900, seen: [] });
    expect((await rawKeys(kit))['k2']).toBe(untouched);
    const { keys } = await keyedMoment(kit);
    expect(Object.fromEntries(Object.entries(keys).map(([name, { version }]) => [name, version]))).toEqual({
      k0: 0,
      k1: 1,
      k2: 0,
      k3: 0,
      k4: 0,
      new: 1,
    });
    const all: Record<string, unknown> = {};
    for await (const [name, state] of consumer.states()) all[name] = state.cents;
    expect(all).toEqual({ k0: 1500, k1: 3000, k2: 900, k3: 1100, k4: 1300, new: 1300 });
  });

  test('a later start still migrates the keys that are left, however many starts lie between', async () => {
    await runBefore(kit);
    for (let round = 0; round < 5; round += 1) {
      await kit.add('in', { n: 1, k: `k${round}` });
      const consumer = await kit.started<Cents>(after());
      await consumer.caughtUp();
      await consumer.stop();
    }
    const { keys } = await keyedMoment(kit);
    expect(Object.values(keys).map(({ version }) => version)).toEqual([1, 1, 1, 1, 1]);
    expect(JSON.parse(keys['k4']!.payload)).toEqual({ cents: 1400, seen: ['1'] });
  });

  test('older code refuses to start, without touching anything; so does a lower version without migrate', async () => {
    await runBefore(kit);
    const { migrate: _, ...withoutMigrate } = after();
    const stored = await rawKeys(kit);
    await expect(kit.consumer<Cents>(withoutMigrate).start()).rejects.toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(await rawKeys(kit)).toEqual(stored);
    await kit.add('in', { n: 11, k: 'k1' });
    const consumer = await kit.started<Cents>(after());
    await consumer.caughtUp();
    const present = await rawKeys(kit);
    const old = await failureOf(kit.consumer<Total>(before(kit)).start());
    expect(old).toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(String(old)).toContain('newer');
    expect(await rawKeys(kit)).toEqual(present);
    await kit.add('in', { n: 12, k: 'k1' });
    await consumer.caughtUp();
  });

  test.each([
    ['throws', () => { throw new Error('no'); }],
    ['gives an attribute that is not declared', () => ({ other: 1 })],
    ['gives another kind', () => ({ seen: {} })],
    ['gives what cannot be stored', () => ({ cents: 0, seen: [Symbol('s')] })],
    ['gives a promise', () => Promise.reject(new Error('later'))],
  ])('a migration that %s ends the consumer with the key named, and leaves what was stored', async (_, migrate) => {
    await runBefore(kit);
    const stored = await rawKeys(kit);
    await kit.add('in', { n: 11, k: 'k3' });
    const consumer = await kit.started<Cents>({ ...after(), migrate: migrate as never });
    expect(await failureOf(consumer.closed)).toMatchObject({
      code: 'ARS_STATE_SCHEMA',
      details: { key: 'k3', consumer: 'consumer', stream: kit.name('in') },
    });
    expect(await rawKeys(kit)).toEqual(stored);
  }); // prettier-ignore

  test('a migration is repeated for a message that fails, and what it made is undone with it', async () => {
    await runBefore(kit);
    await kit.add('in', { n: 11, k: 'k1' });
    const { handler, ...rest } = after();
    const consumer = await kit.started<Cents>({
      ...rest,
      stateCache: { maxKeys: 1 },
      handler: (message, transaction) => {
        handler(message, transaction);
        if (transaction.entry.attempt < 3) throw new Error('again');
      },
    });
    await consumer.caughtUp();
    expect(await consumer.stateOf('k1')).toEqual({ cents: 1800, seen: ['11'] });
  });

  const RICH: [Serializer, Serializer][] = [
    [strictJson, superjsonSerializer],
    [strictJson, msgpackSerializer],
    [msgpackSerializer, superjsonSerializer],
    [superjsonSerializer, msgpackSerializer],
  ];
  test.each(RICH.map((pair) => [pair[0].name, pair[1].name, ...pair] as const))(
    'keys stored by %s are read one by one when %s is set, and written with it when they change',
    async (_, __, old, present) => {
      const options = { key, state: { total: 0 } as Total, handler: before(kit).handler };
      await kit.add('in', ...keyedNumbers(1, 10, 5));
      const first = await kit.started<Total>({ ...options, serializer: old });
      await first.caughtUp();
      await first.stop();
      await expect(kit.consumer<Total>({ ...options, serializer: present }).start()).rejects.toMatchObject({
        code: 'ARS_STATE_SCHEMA',
      });
      const modern = { ...options, serializer: present, previousSerializers: [old] };
      for (const k of ['k1', 'k2']) {
        await kit.add('in', { n: 100, k });
        const consumer = await kit.started<Total>(modern);
        await consumer.caughtUp();
        await consumer.stop();
      }
      const { keys } = await keyedMoment(kit);
      const names = Object.fromEntries(Object.entries(keys).map(([name, { serializer }]) => [name, serializer]));
      const { name: was } = old;
      expect(names).toEqual({ k0: was, k1: present.name, k2: present.name, k3: was, k4: was });
      const consumer = kit.consumer<Total>(modern);
      const totals: Record<string, number> = {};
      for await (const [name, { total }] of consumer.states()) totals[name] = total;
      expect(totals).toEqual({ k0: 15, k1: 107, k2: 109, k3: 11, k4: 13 });
      await kit.add('in', { n: 1, k: 'k0' });
      const forgetful = await kit.started<Total>({ ...options, serializer: present });
      expect(await failureOf(forgetful.closed)).toMatchObject({ code: 'ARS_STATE_SCHEMA', details: { key: 'k0' } });
    },
  );

  test.each([superjsonSerializer, msgpackSerializer])(
    'Maps, Sets and Dates are kept a key by %o',
    async (serializer) => {
      interface Rich {
        byDay: Map<string, Set<number>>;
        last: Date;
      }
      const options = {
        key,
        serializer,
        state: (): Rich => ({ byDay: new Map(), last: new Date(0) }),
        stateCache: { maxKeys: 1 },
        handler: ({ n }: Fields, { state }: { state: Rich }): void => {
          const day = `d${Number(n) % 2}`;
          if (!state.byDay.has(day)) state.byDay.set(day, new Set());
          state.byDay.get(day)!.add(Number(n));
          state.last.setTime(Number(n));
        },
      };
      await kit.add('in', ...keyedNumbers(1, 12, 3));
      const consumer = await kit.started<Rich>(options);
      await consumer.caughtUp();
      expect(await consumer.stateOf('k1')).toEqual({
      byDay: new Map([['d1', new Set([1, 7])], ['d0', new Set([4, 10])]]),
      last: new Date(10),
    }); // prettier-ignore
    },
  );
});
