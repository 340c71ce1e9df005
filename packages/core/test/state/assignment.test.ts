import { describe, expect, test } from 'vitest';
import { TrackedState } from '../../src/state/tracked-state.js';

type Root = Record<string, any>; // oxlint-disable-line typescript/no-explicit-any -- tests write what they like

/** Runs a handler's body on a fresh state and tells how its message ends. */
function handled(
  body: (root: Root) => void,
  defaults: () => Root = () => ({ groups: {}, list: [], map: new Map() }),
): Root {
  const state = new TrackedState({ defaults, undefinedProperties: 'deleted' });
  const scope = state.open();
  body(scope.root as Root);
  scope.demandNothingLost();
  scope.close();
  return state.copyAsOf(state.mark);
}

describe('a change through an object that was assigned into the state is never lost without a word', () => {
  test.each<[string, (root: Root) => void, string]>([
    ['of an array given by ??=', ({ groups }) => (groups.a ??= []).push('x'), 'groups.a'],
    ['of an object given by =', ({ groups }) => ((groups.a = {} as Root).n = 1), 'groups.a'],
    [
      'of an object pushed before',
      ({ list }) => {
        const item: Root = { id: 1 };
        list.push(item);
        item.done = true;
      },
      'list[0]',
    ],
    [
      'deep in it',
      ({ groups }) => {
        const item = { inner: { n: 1 } };
        groups.a = item;
        item.inner.n = 2;
      },
      'groups.a',
    ],
    [
      'of a Map value',
      ({ map }) => {
        const value = { n: 1 };
        map.set('k', value);
        value.n = 2;
      },
      'map.get("k")',
    ],
    [
      'into something that state cannot hold',
      ({ groups }) => {
        const item: Root = {};
        groups.a = item;
        item.f = () => {};
      },
      'groups.a',
    ],
  ])('%s', (_, body, path) => {
    expect(() => handled(body)).toThrow(expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { path } }));
  });
});

describe('what is not lost is not refused', () => {
  test('taking it from the state first', () => {
    const { groups } = handled((root) => {
      root.groups.a ??= [];
      root.groups.a.push('x');
    });
    expect(groups).toEqual({ a: ['x'] });
  });

  test('changing the state where an object was assigned', () => {
    const item = { n: 1 };
    const { groups } = handled((root) => {
      root.groups.a = item;
      root.groups.a.n += 1;
    });
    expect([groups, item]).toEqual([{ a: { n: 2 } }, { n: 1 }]);
  });

  test('assigning what holds a part of the state that changes afterwards', () => {
    const { groups } = handled((root) => {
      root.list.push(1);
      root.groups.a = { list: root.list };
      root.list.push(2);
    });
    expect(groups).toEqual({ a: { list: [1] } });
  });

  test('a property set to undefined, which strict JSON drops', () => {
    expect(handled((root) => (root.groups.a = { gone: undefined, kept: 1 })).groups).toEqual({ a: { kept: 1 } });
  });

  test('assigning it again after the change, or deleting what it became', () => {
    const row: Root = { n: 1 };
    const { groups } = handled((root) => {
      root.groups.a = row;
      root.groups.b = row;
      row.n = 2;
      root.groups.a = row;
      delete root.groups.b;
    });
    expect(groups).toEqual({ a: { n: 2 } });
  });
});
