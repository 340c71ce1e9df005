import type { Fields } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf } from './support/deferred.js';
import { keyedMoment, storedStates } from './support/keyed-content.js';
import { expectKeyedLedger, keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';
import type { RedisBackend } from './support/redis-backend.js';

interface Basket {
  items: { sku: string; tags: string[] }[];
  totals: Record<string, number>;
}

describeStores((kit) => {
  test('each key has a state of its own from the defaults, nested too, and none sees that of another', async () => {
    await kit.add('in', { k: 'a', sku: 'tea' }, { k: 'b', sku: 'jam' }, { k: 'a', sku: 'oil' }, { k: 'c' });
    const seen: string[] = [];
    const consumer = await kit.started<Basket>({
      key: ({ k }: Fields) => k!,
      state: { items: [], totals: {} },
      handler: ({ k, sku }, { state }) => {
        seen.push(`${k}:${JSON.stringify(state)}`);
        if (sku === undefined) return;
        state.items.push({ sku, tags: ['new'] });
        state.items[0]!.tags.push(sku);
        state.totals[sku] = (state.totals[sku] ?? 0) + 1;
      },
    });
    await consumer.caughtUp();
    const tea = { sku: 'tea', tags: ['new', 'tea'] };
    expect(seen).toEqual([
      'a:{"items":[],"totals":{}}',
      'b:{"items":[],"totals":{}}',
      `a:${JSON.stringify({ items: [tea], totals: { tea: 1 } })}`,
      'c:{"items":[],"totals":{}}',
    ]);
    tea.tags.push('oil');
    const a = { items: [tea, { sku: 'oil', tags: ['new'] }], totals: { tea: 1, oil: 1 } };
    const b = { items: [{ sku: 'jam', tags: ['new', 'jam'] }], totals: { jam: 1 } };
    expect(await storedStates(kit)).toEqual({ a, b });
    expect([await consumer.stateOf('a'), await consumer.stateOf('b')]).toEqual([a, b]);
    expect(await consumer.stateOf('c')).toBeUndefined();
  });

  test('a failed message undoes its own key only, and its neighbours commit', async () => {
    await kit.add('in', ...keyedNumbers(1, 9, 3));
    const { handler, ...rest } = keyedLedgerOf(kit);
    const consumer = await kit.started<Ledger>({
      ...rest,
      deadLetter: kit.name('dead'),
      retry: { attempts: 3 },
      handler: (message, transaction) => {
        handler(message, transaction);
        if (message['n'] === '5') throw new Error('after its change');
      },
    });
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual(['5']);
    expect(await kit.values('out')).toEqual(['1', '2', '3', '4', '6', '7', '8', '9']);
    expect(await storedStates(kit)).toEqual({
      k0: { count: 3, hash: ((3 * 31 + 6) * 31 + 9) % 1_000_003 },
      k1: { count: 3, hash: ((1 * 31 + 4) * 31 + 7) % 1_000_003 },
      k2: { count: 2, hash: 2 * 31 + 8 },
    });
  });

  test('a refused commit is undone in every key, and the one message it was for is found', async () => {
    await kit.add('in', ...keyedNumbers(1, 30, 4));
    const wrong = kit.name('wrong');
    if (kit.kind === 'redis') await (kit.backend as RedisBackend).client.set(wrong, 'no stream');
    else await kit.backend.add(wrong, { n: 0 }, '18446744073709551615-18446744073709551615');
    const { handler, ...rest } = keyedLedgerOf(kit);
    const tries: string[] = [];
    let isBroken = true;
    const consumer = kit.consumer<Ledger>({
      ...rest,
      handler: (message, transaction) => {
        handler(message, transaction);
        if (isBroken && message['n'] === '14') transaction.publish(wrong, { n: 14 });
      },
    });
    consumer.on('retry', ({ id, attempt }) => {
      tries.push(id);
      isBroken = attempt < 3;
    });
    await consumer.start();
    await consumer.caughtUp();
    const culprit = (await kit.entries('in'))[13]!.id;
    expect(tries).toEqual([culprit, culprit, culprit]);
    await expectKeyedLedger(kit);
  });

  test('a restart goes on with every key', async () => {
    for (let round = 0; round < 4; round += 1) {
      await kit.add('in', ...keyedNumbers(round * 25 + 1, round * 25 + 25, 10));
      const consumer = await kit.started<Ledger>({ ...keyedLedgerOf(kit), batch: { maxMessages: 7 } });
      await consumer.caughtUp();
      await consumer.stop();
      await expectKeyedLedger(kit);
    }
  });

  test('two consumers of one stream share no keyed state', async () => {
    await kit.add('in', ...keyedNumbers(1, 10, 2));
    const [one, other] = [
      await kit.started<Ledger>(keyedLedgerOf(kit)),
      await kit.started<Ledger>({
        ...keyedLedgerOf(kit),
        consumerId: 'other',
        handler: (_, { state }) => void (state.count -= 1),
      }),
    ];
    await Promise.all([one.caughtUp(), other.caughtUp()]);
    expect(await one.stateOf('k0')).toMatchObject({ count: 5 });
    expect(await other.stateOf('k0')).toMatchObject({ count: -5 });
    await expectKeyedLedger(kit);
    expect(await storedStates(kit, 'other')).toEqual({ k0: { count: -5, hash: 0 }, k1: { count: -5, hash: 0 } });
  });

  test('a key is its text: of a string, a number or a bigint; any text will do', async () => {
    const texts = ['1', '__proto__', 'constructor', 'a:b{c}%', 'ключ 🗝', ' ', 'x'.repeat(300), '1', '1'];
    const keys = [1, ...texts.slice(1, -2), 1n, '1'] as const;
    await kit.add('in', ...texts.map((text, index) => ({ index, text })));
    const consumer = await kit.started<{ texts: string[] }>({
      key: ({ index }) => keys[Number(index)]!,
      state: { texts: [] },
      handler: ({ text }, { state }) => void state.texts.push(text!),
    });
    await consumer.caughtUp();
    for (const text of new Set(texts)) {
      expect(await consumer.stateOf(text)).toEqual({ texts: text === '1' ? ['1', '1', '1'] : [text] });
    }
    expect([await consumer.stateOf(1n), await consumer.stateOf(1)]).toEqual(Array(2).fill({ texts: ['1', '1', '1'] }));
    expect(Object.keys((await keyedMoment(kit)).keys).sort()).toEqual([...new Set(texts)].sort());
    await consumer.stop();
    const next = kit.consumer<{ texts: string[] }>({ key: () => 'x', state: { texts: [] }, handler: () => {} });
    expect(await next.stateOf('__proto__')).toEqual({ texts: ['__proto__'] });
  });

  const NO_KEYS = [undefined, null, '', {}, [], true, Number.NaN, Symbol('s'), '\ud800', () => 'k'];
  test.each(NO_KEYS.map((key) => [key]))('the key %o fails its message for good', async (key) => {
    await kit.add('in', { n: 1, k: 'k' }, { n: 2, k: 'k' });
    const { handler, ...rest } = keyedLedgerOf(kit);
    const options = { ...rest, handler, key: ({ n }: Fields) => (n === '1' ? key : 'k') as string };
    const ended = await kit.started<Ledger>(options);
    expect(await failureOf(ended.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect(await storedStates(kit)).toEqual({});
    const consumer = await kit.started<Ledger>({ ...options, deadLetter: kit.name('dead') });
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual(['1']);
    expect(await storedStates(kit)).toMatchObject({ k: { count: 1 } });
  });

  test('what a failed handler did to its message, the retry does not see', async () => {
    await kit.add('in', { k: 'a', n: 1 }, { k: 'b', n: 2 });
    for (const concurrency of [1, 3]) {
      const seen: string[] = [];
      const consumer = await kit.started<Ledger>({
        ...keyedLedgerOf(kit),
        consumerId: `c${concurrency}`,
        concurrency,
        handler: (message, { state, entry }) => {
          seen.push(`${message['k']}${message['n']}`);
          message['n'] = 'spoilt';
          delete message['k'];
          state.count += 1;
          if (entry.attempt < 3) throw new Error('again');
        },
      });
      await consumer.caughtUp();
      expect(seen.sort()).toEqual(['a1', 'a1', 'a1', 'b2', 'b2', 'b2']);
      expect(await storedStates(kit, `c${concurrency}`)).toEqual({
        a: { count: 1, hash: 0 },
        b: { count: 1, hash: 0 },
      });
      await consumer.stop();
    }
  });

  test('clearState deletes the stored key and gives the defaults again, also several times in one batch', async () => {
    const commands = ['add', 'clear', 'add', 'add', 'clear', 'clear', 'add then clear', 'clear then add', 'look'];
    const consumer = await kit.started<{ list: number[] }>({
      key: ({ k }) => k!,
      state: { list: [] },
      handler: ({ n, command }, transaction) => {
        for (const step of command!.split(' then ')) {
          if (step === 'clear') transaction.clearState();
          else if (step === 'add') transaction.state.list.push(Number(n));
        }
        transaction.publish(kit.name('out'), { list: transaction.state.list.join() });
      },
    });
    const rows = commands.map((command, index) => ({ k: 'a', n: index + 1, command }));
    await kit.add('in', ...rows);
    await consumer.caughtUp();
    expect(await kit.values('out', 'list')).toEqual(['1', '', '3', '3,4', '', '', '', '8', '8']);
    expect(await storedStates(kit)).toEqual({ a: { list: [8] } });
    await kit.add('in', { k: 'a', n: 10, command: 'add' }, { k: 'a', n: 11, command: 'clear' });
    await consumer.caughtUp();
    expect(await storedStates(kit)).toEqual({});
    expect(await consumer.stateOf('a')).toBeUndefined();
    await kit.add('in', { k: 'b', n: 12, command: 'clear' }, { k: 'a', n: 13, command: 'add' });
    await consumer.caughtUp();
    expect(await storedStates(kit)).toEqual({ a: { list: [13] } });
    expect(await consumer.stateOf('b')).toBeUndefined();
  });

  test('a clearing that fails or is refused leaves what was there', async () => {
    await kit.add('in', { k: 'a', n: 1 }, { k: 'a', n: 2 }, { k: 'a', n: 3 });
    const consumer = await kit.started<{ list: number[] }>({
      key: ({ k }) => k!,
      state: { list: [] },
      deadLetter: kit.name('dead'),
      retry: { attempts: 2 },
      handler: ({ n }, transaction) => {
        if (n === '2') transaction.clearState();
        transaction.state.list.push(Number(n));
        if (n === '2') throw new Error('after clearing');
      },
    });
    await consumer.caughtUp();
    expect(await storedStates(kit)).toEqual({ a: { list: [1, 3] } });
  });
});
