import fc from 'fast-check';
import { expect, test } from 'vitest';
import { TrackedState } from '../../src/state/tracked-state.js';

type Change = { readonly key: string; readonly what: 'set' | 'delete' | 'mark' | 'undo' | 'look' };

const change: fc.Arbitrary<Change> = fc.record({
  key: fc.constantFrom('a', 'b', 'c', 'd', '1', '4294967295'),
  what: fc.constantFrom('set', 'set', 'delete', 'delete', 'mark', 'undo', 'look'),
});

interface Shape {
  object: Record<string, number>;
  map: Map<string, number>;
  set: Set<string>;
}

const shape = (): Shape => ({
  object: { c: 0, a: 0 },
  map: new Map([
    ['c', 0],
    ['a', 0],
  ]),
  set: new Set(['c', 'a']),
});

function apply({ object, map, set }: Shape, { key, what }: Change, n: number): void {
  if (what === 'set') {
    object[key] = n;
    map.set(key, n);
    set.add(key);
  } else if (what === 'delete') {
    delete object[key];
    map.delete(key);
    set.delete(key);
  }
}

const orderOf = ({ object, map, set }: Shape) => [Object.entries(object), [...map], [...set]];

test('the order of keys survives any mix of insertions, deletions, undoing and looking back', () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40, size: 'max' }), (changes) => {
      const state = new TrackedState({ defaults: () => ({ ...shape() }), undefinedProperties: 'deleted' });
      const root = state.open().root as unknown as Shape;
      let model = shape();
      const marks = [{ mark: 0, model: shape() }];
      changes.forEach((next, n) => {
        apply(root, next, n);
        apply(model, next, n);
        const past = marks[n % marks.length]!;
        if (next.what === 'mark') marks.push({ mark: state.mark, model: structuredClone(model) });
        else if (next.what === 'look')
          expect(state.asOf(past.mark, (values) => orderOf(values as never))).toEqual(orderOf(past.model));
        else if (next.what === 'undo') {
          state.undoTo(past.mark);
          model = structuredClone(past.model);
          marks.length = (n % marks.length) + 1;
        }
        expect(orderOf(root)).toEqual(orderOf(model));
      });
    }),
    { numRuns: 1_000 },
  );
});
