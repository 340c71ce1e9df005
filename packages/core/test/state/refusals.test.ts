import vm from 'node:vm';
import { describe, expect, test } from 'vitest';
import { SerializationError } from '../../src/domain/errors.js';
import { TrackedState } from '../../src/state/tracked-state.js';

interface Shape {
  tree: Record<string, unknown>;
  list: unknown[];
  map: Map<unknown, unknown>;
  set: Set<unknown>;
}

const createState = () =>
  new TrackedState({
    defaults: () => ({ tree: { a: {} }, list: [1, { x: 1 }], map: new Map([['k', {}]]), set: new Set() }),
    undefinedProperties: 'kept',
  });

const openRoot = (state = createState()) => state.open().root as unknown as Shape;

class Money {
  readonly amount = 'secret';
}
class MyMap extends Map<unknown, unknown> {}

const holed: unknown[] = [1];
holed[2] = 1;
const cyclic: { self?: unknown } = {};
cyclic.self = cyclic;

const untrackable: [string, unknown, string][] = [
  ['a class instance', new Money(), 'Money'],
  ['a function', () => 'secret', 'function'],
  ['a symbol', Symbol('secret'), 'symbol'],
  ['a WeakMap', new WeakMap(), 'WeakMap'],
  ['a RegExp', /secret/, 'RegExp'],
  ['a typed array', new Uint8Array(2), 'Uint8Array'],
  ['a Buffer', Buffer.from('secret'), 'Buffer'],
  ['a Promise', Promise.resolve('secret'), 'Promise'],
  ['a boxed primitive', Object('secret'), 'String'],
  ['an Error', new TypeError('secret'), 'TypeError'],
  ['a subclass of Map', new MyMap(), 'MyMap'],
  ['a subclass of Array', new (class Rows extends Array {})(), 'Rows'],
  [
    'an accessor',
    {
      get secret() {
        return 'secret';
      },
    },
    'accessor',
  ],
  ['a hidden property', Object.defineProperty({}, 'x', { value: 'secret' }), 'not enumerable'],
  ['a symbol key', { [Symbol('secret')]: 1 }, 'symbol'],
  ['a hole', holed, 'hole'],
  ['an array with a name', Object.assign([1], { name: 'secret' }), 'named'],
  ['a Map with a property', Object.assign(new Map(), { name: 'secret' }), 'properties'],
  ['an object as a Map key', new Map([[{}, 1]]), 'Map key'],
  ['an object in a Set', new Set([{}]), 'Set member'],
  ['a cycle', cyclic, 'contains itself'],
  ['a borrowed prototype', Object.create(Map.prototype), 'Map'],
];

describe('state refuses, naming the path and never the value', () => {
  for (const [name, value, word] of untrackable) {
    test(name, () => {
      const state = createState();
      const root = openRoot(state);
      const ways: [() => unknown, string][] = [
        [
          () => {
            root.tree['a'] = { deep: [0, value] };
          },
          'tree.a.deep[1]',
        ],
        [() => root.list.push(1, [value]), 'list[3][0]'],
        [
          () => {
            root.list[1] = value;
          },
          'list[1]',
        ],
        [() => root.list.splice(1, 0, value), 'list[1]'],
        [() => root.list.fill(value, 1), 'list[1]'],
        [() => root.list.unshift(value), 'list[0]'],
        [() => root.map.set('k', value), 'map.get("k")'],
        [() => Object.assign(root.tree, { 'a b': value }), 'tree["a b"]'],
        [
          () => Object.defineProperty(root.tree, 'd', { value, writable: true, enumerable: true, configurable: true }),
          'tree.d',
        ],
      ];
      for (const [way, path] of ways) {
        let caught: unknown;
        try {
          way();
        } catch (error) {
          caught = error;
        }
        expect(caught).toBeInstanceOf(SerializationError);
        expect((caught as Error).message.startsWith(path), (caught as Error).message).toBe(true);
        expect((caught as Error).message).toContain(word);
        if (!name.includes('accessor')) expect((caught as Error).message).not.toContain('secret');
      }
      expect(state.mark).toBe(0);
    });
  }

  test('objects as Map keys and Set members', () => {
    const root = openRoot();
    expect(() => root.map.set({}, 1)).toThrow('map has a Object as a Map key'.replace('a Object', 'an Object'));
    expect(() => root.set.add([])).toThrow(SerializationError);
    expect(() => root.set.add(Symbol('x'))).toThrow(SerializationError);
    root.map.set(NaN, 1).set(5n, 2).set(undefined, 3);
    root.set.add(null).add(NaN);
  });

  test('what is nested too deep, at once or step by step', () => {
    const root = openRoot();
    let deep: unknown = {};
    for (let level = 0; level < 100_000; level++) deep = [deep];
    expect(() => {
      root.tree['deep'] = deep;
    }).toThrow(/deeper than 1000/);
    const grow = () => {
      let at = root.tree;
      for (let level = 0; level < 2_000; level++) at = ((at['next'] = {}), at['next']) as Record<string, unknown>;
    };
    expect(grow).toThrow(SerializationError);
  });

  test('an error of a moved part names where it is now', () => {
    const root = openRoot();
    const kept = root.list[1] as Record<string, unknown>;
    root.list.shift();
    expect(() => {
      kept['f'] = () => 1;
    }).toThrow(/^list\[0\]\.f /);
    root.list.pop();
    expect(() => {
      kept['f'] = () => 1;
    }).toThrow(/^list\[removed\]\.f /);
  });
});

describe('a part of the state cannot be', () => {
  const root = openRoot();
  const tries: Record<string, () => unknown> = {
    frozen: () => Object.freeze(root.tree),
    sealed: () => Object.seal(root.list),
    'made non-extensible': () => Object.preventExtensions(root.map),
    'given another prototype': () => Object.setPrototypeOf(root.tree, {}),
    'given an accessor': () => Object.defineProperty(root.tree, 'x', { get: () => 1, configurable: true }),
    'given a hidden property': () => Object.defineProperty(root.tree, 'x', { value: 1 }),
    'made read-only': () => Object.defineProperty(root.tree, 'a', { writable: false }),
    'given a getter by the old way': () =>
      (root.tree as unknown as { __defineGetter__: (name: string, get: () => number) => void }).__defineGetter__(
        'x',
        () => 1,
      ),
    'given a read-only length': () => Object.defineProperty(root.list, 'length', { writable: false }),
  };
  for (const [name, attempt] of Object.entries(tries)) test(name, () => expect(attempt).toThrow(TypeError));

  test('given properties of its own where its kind has none', () => {
    expect(() => Object.assign(root.map, { x: 1 })).toThrow(SerializationError);
    expect(() => Object.assign(root.list, { x: 1 })).toThrow(SerializationError);
    expect(() => {
      root.list[-1] = 1;
    }).toThrow(SerializationError);
    expect(() => {
      (root.tree as Record<symbol, unknown>)[Symbol('x')] = 1;
    }).toThrow(SerializationError);
  });

  test('given holes', () => {
    expect(() => {
      root.list[9] = 1;
    }).toThrow(/^list\[9\] /);
    expect(() => {
      root.list.length = 9;
    }).toThrow(SerializationError);
    expect(() => Reflect.deleteProperty(root.list, 0)).toThrow(SerializationError);
    expect(root.list.length).toBe(2);
  });
});

describe('names that mean something to the language', () => {
  test('are data, and never reach a prototype', () => {
    const root = openRoot();
    const hostile = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": {"prototype": 2}}') as object;
    Object.assign(root.tree, hostile);
    root.tree['copy'] = hostile;
    (root.tree['__proto__'] as Record<string, unknown>)['polluted'] = 2;
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
    expect(Object.getPrototypeOf(root.tree)).toBe(Object.prototype);
    expect(Object.keys(root.tree['copy'] as object)).toEqual(['__proto__', 'constructor']);
  });

  test('do not lead to a prototype where they are not data', () => {
    const root = openRoot();
    expect(root.tree['__proto__']).toBeUndefined();
    expect((root.list as unknown as Record<string, unknown>)['__proto__']).toBeUndefined();
    expect((root.map as unknown as Record<string, unknown>)['__proto__']).toBeUndefined();
    expect('__proto__' in root.tree).toBe(false);
    expect(root.tree.hasOwnProperty('a')).toBe(true);
  });
});

test('values of another realm are taken as what they are', () => {
  const root = openRoot();
  root.tree['foreign'] = vm.runInNewContext(
    '({ list: [1], map: new Map([[1, { x: 1 }]]), date: new Date(7), set: new Set([1]) })',
  );
  expect(root.tree['foreign']).toEqual({
    list: [1],
    map: new Map([[1, { x: 1 }]]),
    date: new Date(7),
    set: new Set([1]),
  });
  expect(() => {
    root.tree['foreign'] = vm.runInNewContext('new (class Map {})()');
  }).toThrow(SerializationError);
});
