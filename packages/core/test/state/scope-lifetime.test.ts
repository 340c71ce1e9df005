import { describe, expect, test } from 'vitest';
import { isArsError } from '../../src/domain/errors.js';
import { TrackedState } from '../../src/state/tracked-state.js';

interface Shape {
  tree: Record<string, { n: number }>;
  list: { n: number }[];
  map: Map<string, { n: number }>;
  set: Set<number>;
  date: Date;
}

const createState = () =>
  new TrackedState({
    defaults: () => ({
      tree: { a: { n: 1 } },
      list: [{ n: 1 }, { n: 2 }],
      map: new Map([
        ['k', { n: 1 }],
        ['l', { n: 2 }],
      ]),
      set: new Set([1, 2]),
      date: new Date(5),
    }),
    undefinedProperties: 'deleted',
  });

const openRoot = (state: TrackedState) => {
  const scope = state.open();
  return { scope, root: scope.root as unknown as Shape };
};

const expectClosed = (use: () => unknown) => {
  let caught: unknown;
  try {
    use();
  } catch (error) {
    caught = error;
  }
  expect(isArsError(caught, 'ARS_TRANSACTION_CLOSED'), String(caught)).toBe(true);
};

describe('a handle kept after its message throws', () => {
  const uses: Record<string, (root: Shape) => () => unknown> = {
    'reading the root': (root) => () => root.tree,
    'writing the root': (root) => () => {
      root.date = new Date(0);
    },
    'reading a nested object':
      ({ tree }) =>
      () =>
        tree['a'],
    'writing a nested object':
      ({ tree }) =>
      () => {
        tree['b'] = { n: 1 };
      },
    deleting:
      ({ tree }) =>
      () =>
        delete tree['a'],
    in:
      ({ tree }) =>
      () =>
        'a' in tree,
    'Object.keys':
      ({ tree }) =>
      () =>
        Object.keys(tree),
    defineProperty:
      ({ tree }) =>
      () =>
        Object.defineProperty(tree, 'x', { value: 1 }),
    getOwnPropertyDescriptor:
      ({ tree }) =>
      () =>
        Object.getOwnPropertyDescriptor(tree, 'a'),
    getPrototypeOf:
      ({ tree }) =>
      () =>
        Object.getPrototypeOf(tree),
    setPrototypeOf:
      ({ tree }) =>
      () =>
        Object.setPrototypeOf(tree, null),
    isFrozen:
      ({ tree }) =>
      () =>
        Object.isFrozen(tree),
    freeze:
      ({ tree }) =>
      () =>
        Object.freeze(tree),
    instanceof:
      ({ map }) =>
      () =>
        (map as unknown) instanceof Map,
    spreading:
      ({ list }) =>
      () => [...list],
    'JSON.stringify':
      ({ list }) =>
      () =>
        JSON.stringify(list),
    'array length':
      ({ list }) =>
      () =>
        list.length,
    'a bound writing array method': ({ list }) => list.push.bind(list, { n: 1 }),
    'a bound reading array method': ({ list }) => list.includes.bind(list, { n: 1 }),
    'an array iterator': ({ list }) => {
      const kept = list.values();
      kept.next();
      return () => kept.next();
    },
    'Map size':
      ({ map }) =>
      () =>
        map.size,
    'a bound Map get': ({ map }) => map.get.bind(map, 'k'),
    'a bound Map set': ({ map }) => map.set.bind(map, 'k', { n: 3 }),
    'a Map iterator': ({ map }) => {
      const kept = map.entries();
      kept.next();
      return () => kept.next();
    },
    'a finished Map iterator': ({ map }) => {
      const kept = map.keys();
      Array.from(kept);
      return () => kept.next();
    },
    'a bound Set has': ({ set }) => set.has.bind(set, 1),
    'a bound Set add': ({ set }) => set.add.bind(set, 9),
    'a Set iterator': ({ set }) => {
      const kept = set[Symbol.iterator]();
      return () => kept.next();
    },
    'Set.forEach':
      ({ set }) =>
      () =>
        set.forEach(() => undefined),
    'reading a Date':
      ({ date }) =>
      () =>
        date.getTime(),
    'a bound Date setter': ({ date }) => date.setTime.bind(date, 3),
    'a Date as a number':
      ({ date }) =>
      () =>
        Number(date),
    'an object of a Map': ({ map }) => {
      const kept = map.get('k')!;
      return () => kept.n;
    },
    'an object that was taken out': ({ list }) => {
      const kept = list.pop()!;
      return () => {
        kept.n = 2;
      };
    },
  };

  for (const [name, keep] of Object.entries(uses)) {
    test(name, () => {
      const state = createState();
      const { scope, root } = openRoot(state);
      const use = keep(root);
      scope.close();
      expect(scope.isOpen).toBe(false);
      expectClosed(use);
      openRoot(state);
      expectClosed(use);
      expectClosed(use);
    });
  }

  test('assigning it to a later message', () => {
    const state = createState();
    const first = openRoot(state);
    const kept = first.root.tree['a']!;
    first.scope.close();
    const later = openRoot(state).root;
    expectClosed(() => {
      later.tree['b'] = kept;
    });
  });
});

test('identity holds within a message', () => {
  const { root } = openRoot(createState());
  expect(root.tree).toBe(root.tree);
  expect(root.list[0]).toBe(root.list[0]);
  expect(root.map.get('k')).toBe([...root.map.values()][0]);
  expect(root.list.indexOf(root.list[1]!)).toBe(1);
  expect(root.list.includes(root.list[1]!)).toBe(true);
});

test('only one scope is open at a time', () => {
  const state = createState();
  const scope = state.open();
  expect(() => state.open()).toThrow(TypeError);
  scope.close();
  scope.close();
  state.open();
});

test('restoring closes the open scope', () => {
  const state = createState();
  const { root } = openRoot(state);
  state.restore(new Map());
  expectClosed(() => root.tree);
  state.open();
});

test('a reset outside a message throws', () => {
  expectClosed(() => createState().reset());
});

describe('an iterator that waits across asOf', () => {
  const namesAt = (state: TrackedState, mark: number) =>
    state.asOf(mark, (values) => [...(values['map'] as Map<string, unknown>).keys()]);

  test('visits every entry once while entries are deleted and added', () => {
    const state = createState();
    const { root } = openRoot(state);
    for (const name of ['m', 'n', 'o']) root.map.set(name, { n: 0 });
    const visited: string[] = [];
    for (const [key] of root.map) {
      visited.push(key);
      root.map.delete(key);
      expect(namesAt(state, 0)).toEqual(['k', 'l']);
      if (key === 'm') root.map.set('last', { n: 9 });
    }
    expect(visited).toEqual(['k', 'l', 'm', 'n', 'o', 'last']);
    expect(root.map.size).toBe(0);
  });

  test('keeps its place among entries that stay', () => {
    const state = createState();
    const { root } = openRoot(state);
    root.map.delete('k');
    root.map.set('m', { n: 0 }).set('k', { n: 0 });
    const visited: string[] = [];
    for (const key of root.map.keys()) {
      if (visited.push(key) > 9) break;
      expect(namesAt(state, 0)).toEqual(['k', 'l']);
    }
    expect(visited).toEqual(['l', 'm', 'k']);
    for (const member of root.set) {
      root.set.delete(1);
      expect(state.asOf(0, (values) => [...(values['set'] as Set<number>)])).toEqual([1, 2]);
      visited.push(String(member));
    }
    expect(visited.slice(3)).toEqual(['1', '2']);
  });
});
