import { describe, expect, test } from 'vitest';
import { isArsError } from '../../src/domain/errors.js';
import { type KeyedState, KeyedStates } from '../../src/state/keyed-states.js';
import { createFormat, createStates, load } from './keyed-fixtures.js';

const defaults = () => ({ balance: 0, list: [] as number[] });
type Attributes = ReturnType<typeof defaults>;

const holding = (balance: number) => `0,,json,{"balance":${balance},"list":[]}`;

function read({ tracked }: KeyedState): unknown {
  return tracked.copyAsOf(tracked.mark);
}

/** What a message does to a key. */
function change({ tracked }: KeyedState, act: (state: Attributes) => void): void {
  const scope = tracked.open();
  act(scope.root as Attributes);
  scope.close();
}

describe('a load', () => {
  test('gives what is stored, and the defaults where nothing is', () => {
    const states = createStates(defaults);
    load(states, { a: '0,99,json,{"balance":5,"list":[1]}', b: undefined, c: '0,,json,{"list":[2]}' });
    const [a, b, c] = ['a', 'b', 'c'].map((key) => states.get(key)!);
    expect([a, b, c].map((state) => read(state!))).toEqual([
      { balance: 5, list: [1] },
      { balance: 0, list: [] },
      { balance: 0, list: [2] },
    ]);
    expect([a!.expiresAt, b!.expiresAt, a!.isStored, b!.isStored, c!.isStored]).toEqual([
      99,
      undefined,
      true,
      false,
      true,
    ]);
  });

  test('is asked for once, for keys that are neither cached nor being loaded', () => {
    const states = createStates(defaults);
    load(states, { a: undefined });
    expect(states.toLoad(['a', 'b', 'b', 'c'])).toEqual(['b', 'c']);
    expect(states.toLoad(['c', 'd'])).toEqual(['d']);
    expect(['a', 'b', 'd', 'e'].map((key) => states.isLoading(key))).toEqual([false, true, true, false]);
  });

  test('never overwrites a cached key', () => {
    const states = createStates(defaults);
    load(states, { a: holding(1) });
    change(states.get('a')!, (state) => (state.balance = 2));
    states.put(0, ['a', 'a'], [holding(3), holding(4)]);
    expect(read(states.get('a')!)).toMatchObject({ balance: 2 });
  });

  test('that was forgone may be asked for again, and its late answer is left out', () => {
    const states = createStates(defaults);
    states.forgo(0, states.toLoad(['a']));
    expect(states.isLoading('a')).toBe(false);
    states.put(0, ['a'], [holding(1)]);
    expect(states.size).toBe(0);
    expect(states.toLoad(['a'])).toEqual(['a']);
  });

  test('of a corrupt value takes nothing over, and may be asked for again', () => {
    const states = createStates(defaults);
    const keys = states.toLoad(['a', 'b', 'c']);
    expect(() => states.put(0, keys, [holding(1), 'x', undefined])).toThrow(
      expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { key: 'b' } }),
    );
    expect([states.size, states.bytes, keys.some((key) => states.isLoading(key))]).toEqual([0, 0, false]);
    expect(states.toLoad(keys)).toEqual(keys);
  });

  test('needs as many values as keys', () => {
    const states = createStates(defaults);
    expect(() => states.put(0, states.toLoad(['a', 'b']), [undefined])).toThrow(TypeError);
  });

  test('takes keys that mean something to objects', () => {
    const states = createStates(defaults);
    const keys = ['__proto__', 'constructor', 'a,b', '%', '0', 'hasOwnProperty', '\ufeff', 'é'];
    expect(keys.map((key) => states.get(key) ?? states.isLoading(key))).toEqual(keys.map(() => false));
    load(states, Object.fromEntries(keys.map((key, index) => [key, holding(index)])));
    expect(keys.map((key) => read(states.get(key)!))).toEqual(keys.map((_, index) => ({ balance: index, list: [] })));
  });

  test('gives each key defaults of its own, from one object or from a function', () => {
    const shared = { list: [] as number[] };
    for (const make of [() => shared, () => ({ list: [] as number[] })]) {
      const states = createStates(make);
      load(states, { a: undefined, b: undefined });
      change(states.get('a')!, (state) => state.list.push(1));
      expect(read(states.get('b')!)).toEqual({ list: [] });
    }
    expect(shared).toEqual({ list: [] });
  });
});

describe('a generation', () => {
  test('ends with clear, which forgets all keys, pinned ones too, and all loads', () => {
    const states = createStates(defaults);
    load(states, { a: undefined, b: undefined });
    states.pin(states.get('a')!);
    states.toLoad(['c']);
    states.clear();
    expect([states.generation, states.size, states.bytes, states.isLoading('c')]).toEqual([1, 0, 0, false]);
    expect(states.toLoad(['a', 'c'])).toEqual(['a', 'c']);
  });

  test('that is over gives nothing to the next: neither loads nor their failures', () => {
    const states = createStates(defaults);
    const keys = states.toLoad(['a']);
    states.clear();
    expect(states.toLoad(['a'])).toEqual(['a']);
    states.put(0, keys, ['corrupt']);
    states.forgo(0, keys);
    expect([states.size, states.isLoading('a')]).toEqual([0, true]);
    states.put(1, keys, [holding(1)]);
    expect(read(states.get('a')!)).toMatchObject({ balance: 1 });
  });

  test('that is over lets its states be unpinned and encoded, to no effect on the next', () => {
    const states = createStates(defaults, { maxKeys: 1 });
    load(states, { a: holding(1) });
    const old = states.get('a')!;
    states.pin(old);
    states.clear();
    load(states, { a: holding(2) });
    const { bytes } = states;
    states.pin(old);
    states.unpin(old);
    states.unpin(old);
    expect(states.encode(old, old.tracked.mark, 7)).toBe('0,7,json,{"balance":1,"list":[]}');
    expect([states.size, states.bytes]).toEqual([1, bytes]);
    expect(read(states.get('a')!)).toMatchObject({ balance: 2 });
  });
});

describe('pins', () => {
  test('keep a state as long as there is one', () => {
    const states = createStates(defaults, { maxKeys: 1 });
    load(states, { a: undefined });
    const a = states.get('a')!;
    states.pin(a);
    states.pin(a);
    load(states, { b: undefined, c: undefined });
    states.unpin(a);
    load(states, { d: undefined });
    expect([states.peek('a'), states.peek('b'), a.pins]).toEqual([a, undefined, 1]);
    states.unpin(a);
    expect([states.size, states.peek('a')]).toEqual([1, a]);
    load(states, { e: undefined });
    expect(states.peek('a')).toBeUndefined();
  });

  test('cannot be set on a state that has been evicted, nor taken back more often than set', () => {
    const states = createStates(defaults, { maxKeys: 1 });
    load(states, { a: undefined });
    const a = states.get('a')!;
    expect(() => states.unpin(a)).toThrow(TypeError);
    load(states, { b: undefined });
    expect(() => states.pin(a)).toThrow(TypeError);
    expect(a.pins).toBe(0);
  });
});

describe('the state of a key', () => {
  test('is undone apart from that of the others', () => {
    const states = createStates(defaults);
    load(states, { a: holding(1), b: holding(1) });
    const [a, b] = [states.get('a')!, states.get('b')!];
    for (const state of [a, b, a]) change(state, (attributes) => attributes.list.push(attributes.balance++));
    expect([a.tracked.mark, b.tracked.mark]).toEqual([4, 2]);
    a.tracked.undoTo(2);
    expect([read(a), read(b)]).toEqual(Array.from({ length: 2 }, () => ({ balance: 2, list: [1] })));
    b.tracked.undoTo(0);
    expect([read(a), read(b)]).toEqual([
      { balance: 2, list: [1] },
      { balance: 1, list: [] },
    ]);
  });

  test('is encoded as of a mark, and keeps what was written later', () => {
    const states = createStates(defaults);
    load(states, { a: undefined });
    const a = states.get('a')!;
    change(a, (state) => (state.balance = 1));
    const { mark } = a.tracked;
    change(a, (state) => state.list.push(9));
    expect(states.encode(a, mark, 44)).toBe('0,44,json,{"balance":1,"list":[]}');
    expect(states.encode(a, a.tracked.mark, undefined)).toBe('0,,json,{"balance":1,"list":[9]}');
    expect(a.expiresAt).toBeUndefined();
  });

  test('weighs more when it has grown', () => {
    const states = createStates(defaults, { maxBytes: 5_000 });
    load(states, { a: undefined, b: undefined });
    const [a, b] = [states.get('a')!, states.get('b')!];
    expect(states.bytes).toBe(a.bytes + b.bytes);
    states.pin(a);
    change(a, (state) => state.list.push(...Array.from({ length: 3_000 }, () => 1)));
    states.encode(a, a.tracked.mark, undefined);
    expect(a.bytes).toBeGreaterThan(5_000);
    expect(states.bytes).toBe(a.bytes + b.bytes);
    states.unpin(a);
    expect([states.size, states.bytes]).toEqual([0, 0]);
  });

  test('takes declared attributes only, of their kind, and says so where it is written', () => {
    const states = createStates(defaults);
    load(states, { a: undefined });
    const { root } = states.get('a')!.tracked.open();
    expect(() => (root['limit'] = 1)).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION' }));
    expect(() => (root['list'] = {})).toThrow(expect.objectContaining({ code: 'ARS_STATE_SCHEMA' }));
    expect(() => delete root['list']).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION' }));
    states.get('a')!.tracked.reset();
    expect(read(states.get('a')!)).toEqual(defaults());
  });
});

test('defaults that cannot be held or stored are refused at once', () => {
  const format = createFormat(() => ({ n: 0 }));
  for (const value of [undefined, () => 1, NaN, /x/]) {
    const create = () =>
      new KeyedStates({
        format,
        defaults: () => ({ n: value }),
        undefinedProperties: 'kept',
        maxKeys: 1,
        maxBytes: 1,
      });
    let error: unknown;
    try {
      create();
    } catch (caught) {
      error = caught;
    }
    expect(isArsError(error)).toBe(true);
  }
});
