import fc from 'fast-check';
import { expect, test } from 'vitest';
import { superjsonSerializer as serializer } from '../src/index.js';
import { isSame, isUnpolluted, objectOf, values } from '../../core/test/state/serializers/values.js';

const restored = (value: unknown): unknown => serializer.deserialize(serializer.serialize(value));

test('every value that state can hold comes back as it was: kinds, order of keys, -0, NaN, undefined and all', () => {
  fc.assert(
    fc.property(values, (value) => isSame(restored(value), value) && isUnpolluted()),
    { numRuns: 2_000 },
  );
});

test('serializing changes nothing in the value, and gives well-formed text that is the same again after a round trip', () => {
  fc.assert(
    fc.property(values, (value) => {
      const before = structuredClone(value);
      const stored = serializer.serialize(value) as string;
      return (
        isSame(value, before) &&
        stored.isWellFormed() &&
        serializer.serialize(serializer.deserialize(stored)) === stored
      );
    }),
    { numRuns: 500 },
  );
});

test.each([
  ['a number like a bigint', [1, 1n, 2 ** 53, 2n ** 53n, '1n']],
  ['text that looks like what superjson writes', { json: '-0', meta: { values: { json: ['number'] }, v: 1 } }],
  [
    'names with dots and backslashes around annotated values',
    objectOf([
      ['a.b', new Date(1)],
      ['a\\', 1n],
      ['a\\.b', new Set([NaN])],
      ['.', -0],
      ['', undefined],
    ]),
  ],
  [
    'reserved names with annotated values',
    objectOf([
      ['__proto__', new Date(1)],
      ['constructor', { prototype: 1n }],
      ['prototype', new Map([['__proto__', undefined]])],
    ]),
  ],
  [
    'undefined in arrays, objects, Maps and Sets',
    [undefined, { a: undefined }, new Map([[undefined, undefined]]), new Set([undefined])],
  ],
  ['dates at both ends, before 1970, and invalid', [8.64e15, -8.64e15, -1, NaN].map((ms) => new Date(ms))],
  [
    'Maps in Maps, and a Map key of every type',
    new Map<unknown, unknown>([
      [1, new Map([[1n, new Map()]])],
      ['1', 1],
      [null, 2],
      [NaN, 3],
      [true, 4],
    ]),
  ],
  ['empty containers', [[], {}, new Map(), new Set(), '']],
  ['bigints of a hundred thousand digits', [10n ** 100_000n, -(10n ** 100_000n)]],
  ['a value of 100 levels', Array.from({ length: 100 }).reduce<unknown>((inner) => new Map([[1, inner]]), 1n)],
])('%s', (_, value) => {
  expect(isSame(restored(value), value)).toBe(true);
});

test('what superjson reads from the text is the same, so other programs can read it', async () => {
  const { SuperJSON } = await import('superjson');
  const value = { when: new Date(5), 'a.b': new Map([['x', 1n]]), gone: undefined };
  expect(isSame(new SuperJSON().parse(serializer.serialize(value) as string), value)).toBe(true);
});

test('what a program registers with superjson itself plays no part', async () => {
  const { registerClass, registerCustom } = await import('superjson');
  class Money {}
  registerClass(Money);
  registerCustom<string, string>(
    { isApplicable: (v): v is string => v === 'x', serialize: () => 'y', deserialize: () => 'y' },
    'x',
  );
  expect(restored(['x'])).toEqual(['x']);
  expect(() => serializer.serialize({ price: new Money() })).toThrow('price is a Money');
});

test('stored text is read alike as a string and as bytes', () => {
  const stored = serializer.serialize({ name: 'naïve ✓', at: new Date(0) });
  expect(serializer.deserialize(Buffer.from(stored as string))).toEqual({ name: 'naïve ✓', at: new Date(0) });
});
