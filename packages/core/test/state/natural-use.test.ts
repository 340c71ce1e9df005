import { describe, expect, test } from 'vitest';
import { TrackedState } from '../../src/state/tracked-state.js';

// oxlint-disable typescript/no-explicit-any -- handlers' code, which says what it expects where it uses it

interface Shape {
  tree: Record<string, any>;
  list: any[];
  map: Map<unknown, any>;
  set: Set<unknown>;
  date: Date;
}

const open = () => {
  const state = new TrackedState({
    defaults: () => ({
      tree: { a: { n: 1 } },
      list: [{ n: 3 }, { n: 1 }, { n: 2 }],
      map: new Map([['k', { n: 1 }]]),
      set: new Set([1, 2]),
      date: new Date(1_234),
    }),
    undefinedProperties: 'deleted',
  });
  return { state, root: state.open().root as unknown as Shape };
};

describe('parts of the state look like what they are', () => {
  test('to type tests, iteration, spread and JSON', () => {
    const { root } = open();
    expect(Array.isArray(root.list)).toBe(true);
    expect([root.map instanceof Map, root.set instanceof Set, root.date instanceof Date]).toEqual([true, true, true]);
    expect(JSON.stringify(root)).toBe(
      '{"tree":{"a":{"n":1}},"list":[{"n":3},{"n":1},{"n":2}],"map":{},"set":{},"date":"1970-01-01T00:00:01.234Z"}',
    );
    expect({ ...root.tree }).toEqual({ a: { n: 1 } });
    expect(new Map(root.map)).toEqual(new Map([['k', { n: 1 }]]));
    expect([...root.set, ...root.set.keys()]).toEqual([1, 2, 1, 2]);
    expect([...root.map.entries()]).toEqual([['k', { n: 1 }]]);
    expect(root.list.map(({ n }) => n).concat(root.list.flatMap((x) => [x.n]))).toEqual([3, 1, 2, 3, 1, 2]);
    expect(Object.entries(root.tree)).toEqual([['a', { n: 1 }]]);
    expect(Object.prototype.toString.call(root.map) + Object.prototype.toString.call(root.date)).toBe(
      '[object Map][object Date]',
    );
    expect(() => structuredClone(root.tree)).toThrow();
  });

  test('to arithmetic and copies of Dates', () => {
    const { root } = open();
    expect(Number(new Date(root.date))).toBe(1_234);
    expect(Number(new Date(root.date.valueOf()))).toBe(1_234);
    expect(Number(root.date) - 234).toBe(1_000);
    expect(root.date > new Date(0)).toBe(true);
    expect(String(root.date)).toBe(String(new Date(1_234)));
    root.date.setTime(NaN);
    expect(String(new Date(root.date))).toBe('Invalid Date');
  });

  test('and newer reading methods work on Sets where the language has them', () => {
    const { root } = open();
    if (!('union' in Set.prototype)) return;
    expect((root.set as unknown as { union: (other: Set<unknown>) => Set<unknown> }).union(new Set([9]))).toEqual(
      new Set([1, 2, 9]),
    );
  });
});

describe('a value that is assigned is copied', () => {
  test('so that writing to the original changes nothing', () => {
    const { root, state } = open();
    const mine = { deep: [new Map([['k', new Set([1])]])] };
    root.tree['x'] = mine;
    root.list.push(mine);
    root.map.set('m', mine);
    mine.deep[0]!.get('k')!.add(2);
    mine.deep.push(new Map());
    const expected = { deep: [new Map([['k', new Set([1])]])] };
    expect([root.tree['x'], root.list[3], root.map.get('m')]).toEqual([expected, expected, expected]);
    expect(state.asOf(state.mark, (values) => (values['list'] as unknown[])[3])).not.toBe(mine);
  });

  test('also when it is a part of the state', () => {
    const { root } = open();
    root.tree['b'] = root.tree['a'];
    root.tree['b'].n = 2;
    root.list.push(root.list);
    root.map.set('self', root.map);
    root.tree['self'] = root.tree;
    root.tree['root'] = root;
    expect(root.tree['a'].n).toBe(1);
    expect(root.list[3]).toEqual([{ n: 3 }, { n: 1 }, { n: 2 }]);
    expect([...root.map.get('self').keys()]).toEqual(['k']);
    expect(Object.keys(root.tree['self'])).toEqual(['a', 'b']);
    expect(Object.keys(root.tree['root'].tree)).toEqual(['a', 'b', 'self']);
  });

  test('but a part that is assigned to its own place stays the same', () => {
    const { root } = open();
    const kept = root.list[0];
    root.list[0] = kept;
    const same = root.tree['a'];
    root.tree['a'] = same;
    root.map.set('k', root.map.get('k'));
    kept.n = 9;
    expect(root.list[0].n).toBe(9);
  });

  test('once for every element that fill and copyWithin write', () => {
    const { root } = open();
    root.list.fill({ n: 0 }, 0, 2);
    root.list[0].n = 1;
    root.list.copyWithin(2, 0);
    root.list[0].n = 5;
    expect(root.list).toEqual([{ n: 5 }, { n: 0 }, { n: 1 }]);
  });
});

describe('no write is missed', () => {
  const writes: Record<string, (root: Shape) => void> = {
    'destructuring swap': ({ list }) => {
      [list[0], list[1]] = [list[1], list[0]];
    },
    'Reflect.set': ({ tree }) => void Reflect.set(tree, 'x', 1),
    'Reflect.set with the state as a receiver': ({ tree }) => void Reflect.set({}, 'x', 1, tree),
    'a proxy around the state': ({ tree }) => {
      new Proxy(tree, {})['x'] = { n: 1 };
    },
    'a writing comparator': ({ list }) =>
      void list.sort((a, b) => {
        a.n += 10;
        list.unshift({ n: 0 });
        return a.n - b.n;
      }),
    'a comparator that empties': ({ list }) =>
      void list.sort((a, b) => {
        list.length = 0;
        return a.n - b.n;
      }),
    'the third argument of forEach': ({ list, map, set }) => {
      list.forEach((_, index, all) => {
        all[index] = index;
      });
      map.forEach((_, key, all) => all.delete(key));
      set.forEach((member, _, all) => all.delete(member));
    },
    'an element that map gives': ({ list }) => {
      list.map((x) => x)[0].n = 7;
    },
    'an element that spread gives': ({ list }) => {
      [...list][0].n = 7;
    },
    'a value of a descriptor': ({ tree }) => {
      Object.getOwnPropertyDescriptor(tree, 'a')!.value.n = 7;
    },
    'a value of Object.values': ({ tree }) => {
      Object.values(tree)[0].n = 7;
    },
    'an element that splice took out and put back': ({ list }) => {
      const [x] = list.splice(0, 1);
      x.n = 7;
      list.push(x);
    },
    'value of an object': ({ tree, date }) => {
      (tree.valueOf() as Shape['tree'])['x'] = 1;
      date.setHours({ valueOf: () => 3 } as unknown as number);
    },
    'generic array methods': ({ list }) => {
      Array.prototype.splice.call(list, 0, 1);
      Array.prototype.push.call(list, 5);
      Array.prototype.pop.call(list);
      Array.prototype.sort.call(list, (a, b) => a.n - b.n);
      Array.prototype.unshift.call(list, 4);
    },
    'setters of a Map while it is iterated': ({ map }) => {
      for (const [key] of map) {
        if (map.size < 5) map.set(`${String(key)}'`, 1);
      }
    },
  };

  for (const [name, write] of Object.entries(writes)) {
    test(name, () => {
      const { state, root } = open();
      const before = state.copyAsOf(0);
      write(root);
      const after = state.copyAsOf(state.mark);
      expect(after).not.toEqual(before);
      expect(state.copyAsOf(0)).toEqual(before);
      expect(state.copyAsOf(state.mark)).toEqual(after);
      state.undoTo(0);
      expect(state.copyAsOf(0)).toEqual(before);
    });
  }

  test('and none reaches an object that only inherits from the state', () => {
    const { state, root } = open();
    const child = Object.create(root.tree) as Record<string, unknown>;
    child['a'] = 1;
    expect([Object.keys(child), state.mark, root.tree['a'].n]).toEqual([['a'], 0, 1]);
  });

  test('and a sort whose comparator moves elements leaves each in one place', () => {
    const { root } = open();
    let calls = 0;
    root.list.sort((a, b) => {
      if (calls++ === 0) root.list.unshift({ n: 0 });
      return a.n - b.n;
    });
    root.list.forEach((element, index) => (element.n = index));
    expect(root.list.map(({ n }) => n)).toEqual([0, 1, 2, 3]);
  });

  test('and a large range comes back', () => {
    const { state, root } = open();
    for (let n = 0; n < 300_000; n++) root.list.push(n);
    state.forget(state.mark);
    const { mark } = state;
    root.list.length = 1;
    state.undoTo(mark);
    expect([root.list.length, root.list[300_002]]).toEqual([300_003, 299_999]);
  });
});
