import vm from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SERIALIZED_DEPTH_MAX, SoundnessCheck } from '../../src/state/soundness-check.js';
import { isSame, values } from './serializers/values.js';

const soundness = new SoundnessCheck({
  holds: (value) => Object.getPrototypeOf(value) === Uint8Array.prototype,
  bigintProblem: (value) => (value > 2n ** 20_000n ? 'is too large' : undefined),
});

class Money {
  readonly secret = 'hunter2';
}

const cycle: Record<string, unknown> = { a: [1] };
(cycle['a'] as unknown[]).push(new Map([['b', cycle]]));

const deep = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], 1);
const withAccessor = Object.defineProperty({}, 'a', { enumerable: true, get: () => 1 });
const withHidden = Object.defineProperty({}, 'a', { value: 1 });
const foreign = (code: string): unknown => vm.runInNewContext(code);

test.each<[string, unknown, string]>([
  ['a function', { a: [() => 1] }, 'a[0]'],
  ['a symbol', { a: Symbol('hunter2') }, 'a'],
  ['a symbol as a key', { a: { [Symbol('x')]: 1 } }, 'a'],
  ['a class instance', { items: [{ price: new Money() }] }, 'items[0].price'],
  ['an Error', { a: new Error('hunter2') }, 'a'],
  ['a RegExp', { a: /hunter2/ }, 'a'],
  ['a URL', { a: new URL('http://hunter2') }, 'a'],
  ['a boxed primitive', { a: Object('hunter2') as unknown }, 'a'],
  ['an ArrayBuffer', { a: new ArrayBuffer(3) }, 'a'],
  ['a typed array that the format does not hold', { a: new Float32Array(3) }, 'a'],
  ['a bigint that the format does not hold', { a: 2n ** 20_001n }, 'a'],
  ['a Promise', { a: Promise.resolve() }, 'a'],
  ['a WeakMap', { a: new WeakMap() }, 'a'],
  ['a subclass of Map', { a: new (class extends Map {})() }, 'a'],
  ['a subclass of Array', { a: new (class extends Array {})() }, 'a'],
  ['an object that borrows the prototype of Date', { a: Object.create(Date.prototype) as unknown }, 'a'],
  ['an object that borrows the prototype of Array', { a: Object.create(Array.prototype) as unknown }, 'a'],
  [
    'an array that borrows the prototype of Object',
    { a: Object.setPrototypeOf([1], Object.prototype) as unknown },
    'a',
  ],
  ['a cycle', cycle, 'a[1].get("b")'],
  ['a hole', { a: [1, , 2] }, 'a[1]'], // oxlint-disable-line no-sparse-arrays
  ['an array with named properties', { a: Object.assign([1], { name: 'x' }) }, 'a'],
  ['an array with a hidden name', { a: Object.defineProperty([1], 'name', { value: 'x' }) }, 'a'],
  ['a long array with named properties', { a: Object.assign(Array(5_000).fill(NaN), { name: 'x' }) }, 'a'],
  ['a long array with symbols', { a: Object.assign(Array(5_000).fill(1), { [Symbol('x')]: 1 }) }, 'a'],
  ['a Date with properties', { a: Object.assign(new Date(), { x: 1 }) }, 'a'],
  ['a Map with properties', { a: Object.assign(new Map(), { x: 1 }) }, 'a'],
  ['an accessor', { x: withAccessor }, 'x.a'],
  ['a property that is not enumerable', { x: withHidden }, 'x.a'],
  ['an object as a Map key', new Map([[{}, 1]]), ''],
  ['an object as a Set member', { a: new Set([[1]]) }, 'a'],
  ['a symbol as a Set member', { a: new Set([Symbol('x')]) }, 'a'],
  ['a lone surrogate', { a: ['x\ud800'] }, 'a[0]'],
  ['a name with a lone surrogate', { a: { '\udc00': 1 } }, 'a["\\udc00"]'],
  ['a Map key with a lone surrogate', { a: new Map([['\udc00', 1]]) }, 'a'],
  ['a value in a Map', { a: new Map([[7n, /x/]]) }, 'a.get(7n)'],
  ['nesting beyond 200 levels', { a: deep(300) }, `a${'[0]'.repeat(199)}`],
  ['an endless depth', deep(100_000), '[0]'.repeat(200)],
])('%s is refused, and the error names its path and no content', (_, value, path) => {
  expect(() => soundness.demand(value)).toThrow(
    expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { path } }),
  );
  expect(() => soundness.demand(value)).toThrow(path === '' ? /^the value / : path);
  expect(() => soundness.demand(value)).not.toThrow('hunter2');
});

test('a refusal says what is in the way', () => {
  const refused: [unknown, string][] = [
    [{ items: [new Money()] }, 'items[0] is a Money, which this serializer refuses'],
    [Symbol('x'), 'the value is a symbol, which this serializer refuses'],
    [new Set([{}]), 'the value has a Set member that is an object, which this serializer refuses'],
    [{ at: foreign('new Date(0)') }, 'at is a Date of another realm, which this serializer refuses'],
  ];
  for (const [value, words] of refused) expect(() => soundness.demand(value)).toThrow(words);
});

describe('accepts', () => {
  test('everything that state can hold, and changes nothing in it', () => {
    fc.assert(
      fc.property(values, (value) => {
        const before = structuredClone(value);
        soundness.demand(value);
        return isSame(value, before);
      }),
      { numRuns: 1_000 },
    );
  });

  test('what the format holds', () => {
    soundness.demand([new Uint8Array(3), 2n ** 19_999n, Object.create(null)]);
  });

  test('nesting to its bound, and the same object in two places', () => {
    soundness.demand(deep(SERIALIZED_DEPTH_MAX));
    expect(() => soundness.demand(deep(SERIALIZED_DEPTH_MAX + 1))).toThrow('nested deeper than 200 levels');
    const shared = { n: 1 };
    soundness.demand([shared, { shared }]);
  });

  test('long arrays of every kind of element', () => {
    soundness.demand([Array(5_000).fill(NaN), Array(5_000).fill(undefined), Array.from({ length: 5_000 }, () => ({}))]);
  });
});

test.each(['({})', '[]', 'new Map()', 'new Set()', 'new Date(0)', 'new Uint8Array(1)'])(
  '%s of another realm, which a library would take for something else, is refused',
  (code) => {
    expect(() => soundness.demand({ a: [foreign(code)] })).toThrow(
      expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { path: 'a[0]' } }),
    );
  },
);
