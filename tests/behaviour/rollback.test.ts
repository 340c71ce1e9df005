import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { taggedJson } from './support/tagged-json.js';

interface Rich {
  scalar: number;
  tree: { leaf: { value: number; extra?: string }; order: Record<string, number> };
  list: { id: number }[];
  map: Map<string, { hits: number; tags: Set<string> }>;
  set: Set<number>;
  date: Date;
  nothing: null | { now: number };
}

const defaults = (): Rich => ({
  scalar: 1,
  tree: { leaf: { value: 1 }, order: { a: 1, b: 2, c: 3 } },
  list: [{ id: 1 }, { id: 2 }, { id: 3 }],
  map: new Map([
    ['x', { hits: 1, tags: new Set(['t']) }],
    ['y', { hits: 2, tags: new Set() }],
  ]),
  set: new Set([3, 1, 2]),
  date: new Date(1_000),
  nothing: null,
});

function spoil(state: Rich): void {
  state.scalar = 99;
  state.tree.leaf.value = 99;
  state.tree.leaf.extra = 'new';
  delete state.tree.order['a'];
  state.tree.order['a'] = 9;
  state.list[1]!.id = 99;
  state.list.unshift({ id: 0 });
  state.list.sort((a, b) => b.id - a.id);
  state.list.length = 2;
  state.list.splice(0, 1, { id: 7 }, { id: 8 });
  state.map.get('x')!.hits += 1;
  state.map.get('x')!.tags.add('u').delete('t');
  state.map.delete('x');
  state.map.set('x', { hits: 0, tags: new Set() });
  state.set.clear();
  state.set.add(1).add(4);
  state.date.setFullYear(1999);
  state.nothing = { now: 1 };
  (state as unknown as Record<string, unknown>)['undeclared'] = { a: [1] };
}

/** As text, because the order of keys, entries and members is part of the promise. */
const text = (state: unknown): string => String(taggedJson.serialize(state));

describeStores((kit) => {
  const failing = (attempts: number, after?: () => Promise<void>) => ({
    state: defaults,
    serializer: taggedJson,
    handler: (message: Fields, { state, entry }: Transaction<Rich>): unknown => {
      if (message['n'] !== 'spoil') {
        state.scalar += 1;
        return undefined;
      }
      if (entry.attempt > attempts) return undefined;
      if (after === undefined) {
        spoil(state);
        throw new Error('spoilt');
      }
      return after().then(() => {
        spoil(state);
        throw new Error('spoilt');
      });
    },
  });

  test.each([
    ['the first message ever', [] as { n: string }[], 1],
    ['a message behind others', [{ n: 'a' }, { n: 'b' }], 3],
  ])('what %s changed at any depth vanishes when it fails', async (_, before, scalar) => {
    await kit.add('in', ...before, { n: 'spoil' });
    const consumer = await kit.started(failing(3));
    await consumer.caughtUp();
    expect(text(consumer.state)).toBe(text({ ...defaults(), scalar }));
  });

  test('it vanishes as well when the handler fails after an await', async () => {
    await kit.add('in', { n: 'a' }, { n: 'spoil' }, { n: 'b' });
    const consumer = await kit.started(failing(2, () => new Promise((resolve) => setImmediate(resolve))));
    await consumer.caughtUp();
    expect(text(consumer.state)).toBe(text({ ...defaults(), scalar: 3 }));
  });

  test('it vanishes from the store too: a restart finds the state as it was', async () => {
    await kit.add('in', { n: 'a' }, { n: 'spoil' }, { n: 'b' });
    const first = await kit.started(failing(2));
    await first.caughtUp();
    await first.stop();
    const second = await kit.started(failing(0));
    expect(text(second.state)).toBe(text({ ...defaults(), scalar: 3 }));
  });

  test('state with Map, Set and Date is restored with its types and its order', async () => {
    await kit.add('in', { n: 1 });
    const options = { ...failing(0), handler: (_: Fields, { state }: Transaction<Rich>) => spoil(state) };
    const first = await kit.started(options);
    await first.caughtUp();
    await first.stop();
    const second = await kit.started(options);
    expect(text(second.state)).toBe(text(first.state));
    expect(second.state.map.get('x')!.tags).toBeInstanceOf(Set);
    expect(second.state.date).toBeInstanceOf(Date);
    expect([...second.state.set]).toEqual([1, 4]);
  });

  test('a restored Map, Set, Date or object is changed and undone like a fresh one', async () => {
    const first = await kit.started(failing(0));
    await kit.add('in', { n: 'a' });
    await first.caughtUp();
    await first.stop();
    const second = await kit.started(failing(2));
    await kit.add('in', { n: 'spoil' }, { n: 'a' });
    await second.caughtUp();
    expect(text(second.state)).toBe(text({ ...defaults(), scalar: 3 }));
  });

  test('publishes of a failed attempt never appear', async () => {
    await kit.addNumbers('in', 1, 10);
    const consumer = await kit.started({
      handler: ({ n }, transaction) => {
        transaction.publish(kit.name('out'), { n: `${n}#${transaction.entry.attempt}` });
        transaction.publish(kit.name('other'), { n: `${n}#${transaction.entry.attempt}` });
        if (transaction.entry.attempt <= Number(n) % 3) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    const expected = Array.from({ length: 10 }, (_, index) => `${index + 1}#${((index + 1) % 3) + 1}`);
    expect(await kit.values('out')).toEqual(expected);
    expect(await kit.values('other')).toEqual(expected);
  });

  test('a value assigned into the state is a copy: what happens to the original does not matter', async () => {
    await kit.addNumbers('in', 1, 3);
    const shared = { seen: [] as string[] };
    const consumer = await kit.started({
      state: { last: { seen: [] as string[] } },
      handler: ({ n }, { state }) => {
        shared.seen.push(n!);
        if (n !== '3') state.last = shared;
      },
    });
    await consumer.caughtUp();
    expect(consumer.state.last.seen).toEqual(['1', '2']);
  });
});
