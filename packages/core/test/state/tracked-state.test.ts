import { describe, expect, test } from 'vitest';
import {
  ConfigurationError,
  SerializationError,
  StateSchemaError,
  TransactionClosedError,
} from '../../src/domain/errors.js';
import { kindProblem } from '../../src/state/kind.js';
import { TrackedState } from '../../src/state/tracked-state.js';

const createState = (defaults: () => Record<string, unknown>, undefinedProperties: 'kept' | 'deleted' = 'deleted') =>
  new TrackedState({ defaults, undefinedProperties });

test('a view that is ended again leaves the one that was opened since', () => {
  const state = createState(() => ({ n: 0 }));
  const first = state.open();
  state.close(first);
  expect(() => first.root['n']).toThrow(TransactionClosedError);
  const second = state.open();
  state.close(first);
  second.root['n'] = 1;
  state.reset();
  expect(second.root['n']).toBe(0);
  state.close(second);
  expect(() => state.reset()).toThrow(TransactionClosedError);
});

describe('marks', () => {
  test('grow with every write, also after what is before them is forgotten', () => {
    const state = createState(() => ({ n: 0 }));
    const { root } = state.open();
    root['n'] = 1;
    root['n'] = 2;
    state.forget(state.mark);
    expect(state.mark).toBe(2);
    root['n'] = 3;
    expect(state.mark).toBe(3);
    state.undoTo(2);
    expect(root['n']).toBe(2);
    expect(() => state.undoTo(1)).toThrow(TypeError);
    expect(() => state.undoTo(3)).toThrow(TypeError);
  });

  test('go on after a restore', () => {
    const state = createState(() => ({ n: 0 }));
    state.open().root['n'] = 1;
    state.restore(new Map());
    expect(state.mark).toBe(1);
    expect(() => state.undoTo(0)).toThrow(TypeError);
  });

  test('tell which attributes were touched between them, at any depth, also with the same value', () => {
    const state = createState(() => ({ a: { b: [1] }, c: 1, d: new Map(), e: new Date(0) }));
    const { root } = state.open() as unknown as {
      root: { a: { b: number[] }; c: number; d: Map<number, number>; e: Date };
    };
    root.a.b.push(2);
    root.c = 1;
    const middle = state.mark;
    root.d.set(1, 1);
    root.e.setTime(0);
    expect(state.changed(0, middle)).toEqual(new Set(['a', 'c']));
    expect(state.changed(middle, state.mark)).toEqual(new Set(['d', 'e']));
  });

  test('tell of each attribute that was touched, in whatever order they come again', () => {
    const state = createState(() => ({ a: 0, b: 0, c: 0, d: 0 }));
    const { root } = state.open() as unknown as { root: Record<string, number> };
    for (const order of ['a', 'ab', 'aba', 'abab', 'abac', 'aabbc', 'abcabc', 'abcdcba']) {
      const start = state.mark;
      for (const [index, name] of order.split('').entries()) root[name] = index + 1;
      expect(state.changed(start, state.mark)).toEqual(new Set(order.split('')));
    }
  });
});

describe('asOf', () => {
  test('redoes also when reading throws, and returns what reading returns', () => {
    const state = createState(() => ({ n: 0, list: [1] }));
    const { root } = state.open();
    root['n'] = 1;
    (root['list'] as number[]).push(2);
    expect(() =>
      state.asOf(0, () => {
        throw new RangeError('no');
      }),
    ).toThrow(RangeError);
    expect(state.copyAsOf(state.mark)).toEqual({ n: 1, list: [1, 2] });
    expect(state.asOf(0, (values) => values['n'])).toBe(0);
  });

  test('refuses writes while it reads, and loses none afterwards', () => {
    const state = createState(() => ({ n: 0, list: [1], o: { a: 1 } }));
    const { root } = state.open();
    root['n'] = 1;
    expect(() =>
      state.asOf(0, () => {
        root['n'] = 9;
      }),
    ).toThrow(TypeError);
    expect(() => state.asOf(0, () => (root['list'] as number[]).push(9))).toThrow(TypeError);
    expect(() => state.asOf(0, () => delete (root['o'] as { a?: number }).a)).toThrow(TypeError);
    expect(state.copyAsOf(state.mark)).toEqual({ n: 1, list: [1], o: { a: 1 } });
  });

  test('keeps key order through deletions, insertions and moves', () => {
    const state = createState(() => ({ o: { a: 1, b: 2, c: 3, 7: 7 } }));
    const o = state.open().root['o'] as Record<string, number>;
    delete o['a'];
    o['d'] = 4;
    o['a'] = 5;
    delete o['7'];
    delete o['b'];
    expect(state.asOf(0, (values) => Object.keys(values['o'] as object))).toEqual(['7', 'a', 'b', 'c']);
    expect(Object.keys(o)).toEqual(['c', 'd', 'a']);
    state.undoTo(0);
    expect(Object.keys(o)).toEqual(['7', 'a', 'b', 'c']);
  });
});

describe('restore', () => {
  test('gives declared attributes that are missing their default, and sorts undeclared ones behind', () => {
    const state = createState(() => ({ z: 0, a: [1] }));
    state.restore(
      new Map<string, unknown>([
        ['y', 1],
        ['z', 5],
        ['b', 2],
      ]),
    );
    expect(Object.entries(state.open().root)).toEqual([
      ['z', 5],
      ['a', [1]],
      ['b', 2],
      ['y', 1],
    ]);
    expect(state.declared).toEqual(['a', 'z']);
  });

  test('gives fresh defaults each time', () => {
    const shared = { list: [1] };
    const state = createState(() => shared);
    (state.open().root['list'] as number[]).push(2);
    expect(shared.list).toEqual([1]);
    state.restore(new Map());
    expect(state.copyAsOf(state.mark)).toEqual({ list: [1] });
  });

  test('takes an attribute named __proto__ as data', () => {
    const state = createState(() => ({}));
    state.restore(new Map([['__proto__', { polluted: true }]]));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
    expect(Object.keys(state.open().root)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(state.copyAsOf(state.mark))).toBe(Object.prototype);
  });
});

describe('reset', () => {
  test('is undone like any other write', () => {
    const state = createState(() => ({ n: 0, list: [1] }));
    const { root } = state.open();
    Object.assign(root, { n: 4, extra: 'x', list: [] });
    const { mark } = state;
    state.reset();
    expect(state.copyAsOf(state.mark)).toEqual({ n: 0, list: [1] });
    expect(state.changed(mark, state.mark)).toEqual(new Set(['n', 'list', 'extra']));
    state.undoTo(mark);
    expect(Object.entries(root)).toEqual([
      ['n', 4],
      ['list', []],
      ['extra', 'x'],
    ]);
  });
});

describe('declared attributes', () => {
  test('can be neither deleted nor set to undefined, whatever undefined means', () => {
    for (const meaning of ['kept', 'deleted'] as const) {
      const { root } = createState(() => ({ n: 0 }), meaning).open();
      expect(() => {
        delete root['n'];
      }).toThrow(ConfigurationError);
      expect(() => {
        root['n'] = undefined;
      }).toThrow(/"n"/);
      expect(root['n']).toBe(0);
    }
    expect(() => createState(() => ({ n: undefined }))).toThrow(ConfigurationError);
  });

  test('keep their kind', () => {
    const { root } = createState(() => ({ n: 0, list: [], map: new Map(), any: null })).open();
    expect(() => {
      root['n'] = {};
    }).toThrow(StateSchemaError);
    expect(() => {
      root['list'] = 5;
    }).toThrow('attribute "list" is declared as an array, but the value is a number');
    expect(() => {
      root['map'] = new Set();
    }).toThrow('attribute "map" is declared as a Map, but the value is a Set');
    Object.assign(root, { n: 'text', list: null, map: new Map([[1, 1]]), any: [1], other: {} });
    root['list'] = [1];
    root['any'] = 1;
  });

  test('have kinds that can be compared without a state', () => {
    expect(kindProblem({}, [])).toBe('is declared as a plain object, but the value is an array');
    expect(kindProblem(new Date(0), 5)).toMatch(/a Date.*a number/);
    expect(kindProblem(5, new Map())).toMatch(/a number.*a Map/);
    for (const [a, b] of [
      [1, 'x'],
      [null, {}],
      [{}, null],
      [[], [1]],
      [true, undefined],
    ])
      expect(kindProblem(a, b)).toBeUndefined();
  });

  test('cannot have a default that state cannot hold', () => {
    expect(() => createState(() => ({ f: { g: () => 1 } }))).toThrow(SerializationError);
  });
});

test('setting a property to undefined deletes it, or keeps it, as the serializer says', () => {
  const read = (meaning: 'kept' | 'deleted') => {
    const { root } = createState(() => ({ o: { a: 1 } }), meaning).open() as unknown as {
      root: { o: Record<string, unknown> };
    };
    root.o['a'] = undefined;
    root.o['b'] = { c: undefined };
    return [Object.keys(root.o), Object.keys(root.o['b'] as object)];
  };
  expect(read('deleted')).toEqual([['b'], []]);
  expect(read('kept')).toEqual([['a', 'b'], ['c']]);
});
