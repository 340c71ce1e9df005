import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SerializationError } from '../../src/domain/errors.js';
import { strictJson } from '../../src/state/strict-json.js';

const problemOf = (act: () => unknown): unknown => {
  try {
    act();
    return undefined;
  } catch (error) {
    return error;
  }
};

class Money {
  readonly amount = 'secret';
}
const cyclic: { list: unknown[] } = { list: [] };
cyclic.list.push(cyclic);
const hole: unknown[] = ['x'];
hole[2] = 'y';

const refused: [string, unknown][] = [
  ['NaN', NaN],
  ['infinity', -Infinity],
  ['negative zero', -0],
  ['a bigint', 5n],
  ['a Date', new Date(0)],
  ['a Map', new Map()],
  ['a Set', new Set()],
  ['undefined in an array', [undefined]],
  ['a hole', hole],
  ['a symbol', Symbol('secret')],
  ['a function', () => 'secret'],
  ['a class instance', new Money()],
  ['an object with toJSON', { toJSON: () => 'secret' }],
  ['a cycle', cyclic],
  ['a lone surrogate', 'secret\uD800'],
  ['a key with a lone surrogate', { 'secret\uDC00': 1 }],
  ['a symbol key', { [Symbol('secret')]: 1 }],
  ['an array with a name', Object.assign(['x'], { secret: 1 })],
  ['a typed array', new Uint8Array(1)],
  ['a boxed string', Object('secret')],
];

describe('strict JSON refuses what JSON would change', () => {
  for (const [name, value] of refused) {
    test(name, () => {
      const error = problemOf(() =>
        strictJson.serialize({ items: ['a', { 'the price': value }] }),
      ) as SerializationError;
      expect(error).toBeInstanceOf(SerializationError);
      expect(error.message).toContain('items[1]["the price"]');
      expect(error.message).toMatch(/@ars\/superjson/);
      expect(error.message).not.toContain('secret');
      expect(error.cause).toBeUndefined();
      expect(problemOf(() => strictJson.serialize(value))).toBeInstanceOf(SerializationError);
    });
  }

  test('what is nested too deep, both ways', () => {
    let deep: unknown = 1;
    for (let level = 0; level < 200_000; level++) deep = { a: deep };
    expect(problemOf(() => strictJson.serialize(deep))).toBeInstanceOf(SerializationError);
    expect(problemOf(() => strictJson.deserialize('['.repeat(200_000) + ']'.repeat(200_000)))).toBeInstanceOf(
      SerializationError,
    );
  });

  test('undefined as a whole', () => {
    expect(problemOf(() => strictJson.serialize(undefined))).toBeInstanceOf(SerializationError);
  });
});

test('every refused value names its path, wherever it is', () => {
  const place = fc.array(fc.oneof(fc.stringMatching(/^[a-z]{1,5}$/), fc.nat(3)), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(
      place,
      fc.constantFrom(...refused.map(([, value]) => value).filter((value) => value !== cyclic)),
      (keys, value) => {
        let nested = value;
        for (const key of [...keys].reverse())
          nested = typeof key === 'string' ? { [key]: nested } : [...Array(key).fill(0), nested];
        const path = keys
          .map((key) => (typeof key === 'string' ? `.${key}` : `[${key}]`))
          .join('')
          .replace(/^\./, '');
        expect((problemOf(() => strictJson.serialize(nested)) as Error).message.startsWith(path)).toBe(true);
      },
    ),
  );
});

test('what it writes, it reads back the same, also as bytes; or it refuses', () => {
  const anything = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withSet: true,
    withTypedArray: true,
    withSparseArray: true,
    withNullPrototype: false,
  });
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue({ noUnicodeString: false }), anything), (value) => {
      const error = problemOf(() => {
        const text = strictJson.serialize(value) as string;
        const isSame = isDeepStrictEqual(strictJson.deserialize(text), withoutUndefined(value));
        expect(
          isSame && isDeepStrictEqual(strictJson.deserialize(new TextEncoder().encode(text)), withoutUndefined(value)),
        ).toBe(true);
      });
      if (error !== undefined) expect(error).toBeInstanceOf(SerializationError);
    }),
    { numRuns: 2_000 },
  );
});

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([, held]) => held !== undefined);
  return Object.defineProperties(
    {},
    Object.fromEntries(kept.map(([key, held]) => [key, plain(withoutUndefined(held))])) as PropertyDescriptorMap,
  );
}

const plain = (value: unknown): PropertyDescriptor => ({ value, writable: true, enumerable: true, configurable: true });

describe('stored input', () => {
  test('of any text or bytes gives a value that can be stored again, or a SerializationError', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.json(),
      fc.json().map((text) => text.slice(1)),
      fc.uint8Array(),
      fc.constantFrom('-0', '1e999', '"\\ud800"', '\uFEFF1', '{"a":', ''),
    );
    fc.assert(
      fc.property(hostile, (stored) => {
        const error = problemOf(() => strictJson.serialize(strictJson.deserialize(stored)));
        if (error !== undefined) expect(error).toBeInstanceOf(SerializationError);
      }),
      { numRuns: 2_000 },
    );
  });

  test('is never quoted in an error', () => {
    const error = problemOf(() => strictJson.deserialize('secret')) as SerializationError;
    expect([error.message.includes('secret'), error.cause]).toEqual([false, undefined]);
    expect(problemOf(() => strictJson.deserialize(new Uint8Array([0x22, 0xff, 0x22])))).toBeInstanceOf(
      SerializationError,
    );
  });

  test('with a key __proto__ sets no prototype', () => {
    const value = strictJson.deserialize('{"__proto__":{"polluted":1}}') as object;
    expect([Object.keys(value), Object.getPrototypeOf(value) === Object.prototype, 'polluted' in {}]).toEqual([
      ['__proto__'],
      true,
      false,
    ]);
    expect(strictJson.serialize(value)).toBe('{"__proto__":{"polluted":1}}');
  });
});
