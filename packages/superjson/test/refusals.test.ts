import { expect, test } from 'vitest';
import { superjsonSerializer as serializer } from '../src/index.js';

class Money {
  readonly secret = 'hunter2';
}

const cycle: Record<string, unknown> = { a: [1] };
(cycle['a'] as unknown[]).push(new Map([['b', cycle]]));

const deep = (levels: number): unknown => Array.from({ length: levels }).reduce<unknown>((inner) => [inner], []);
const withAccessor = Object.defineProperty({}, 'a', { enumerable: true, get: () => 1 });
const withHidden = Object.defineProperty({}, 'a', { value: 1 });

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
  ['a typed array', { a: new Float32Array(3) }, 'a'],
  ['bytes', { a: Uint8Array.of(1) }, 'a'],
  ['a DataView', { a: new DataView(new ArrayBuffer(3)) }, 'a'],
  ['a subclass of Uint8Array', { a: new (class extends Uint8Array {})(1) }, 'a'],
  ['a Promise', { a: Promise.resolve() }, 'a'],
  ['a WeakMap', { a: new WeakMap() }, 'a'],
  ['a subclass of Map', { a: new (class extends Map {})() }, 'a'],
  ['a subclass of Array', { a: new (class extends Array {})() }, 'a'],
  ['an object that borrows the prototype of Date', { a: Object.create(Date.prototype) as unknown }, 'a'],
  ['a cycle', cycle, 'a[1].get("b")'],
  ['a hole', { a: [1, , 2] }, 'a[1]'], // oxlint-disable-line no-sparse-arrays
  ['an array with named properties', { a: Object.assign([1], { name: 'x' }) }, 'a'],
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
  ['a bigint of two million digits', { a: 16n ** 1_700_000n }, 'a'],
])('%s is refused, and the error names its path and no content', (_, value, path) => {
  expect(() => serializer.serialize(value)).toThrow(
    expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { path } }),
  );
  expect(() => serializer.serialize(value)).toThrow(path === '' ? /^the value / : path);
  expect(() => serializer.serialize(value)).not.toThrow('hunter2');
});

test('a refusal says what is in the way', () => {
  expect(() => serializer.serialize({ items: [new Money()] })).toThrow(
    'items[0] is a Money, which this serializer refuses',
  );
  expect(() => serializer.serialize(Symbol('x'))).toThrow('the value is a symbol, which this serializer refuses');
});

test('200 levels of the most expensive containers are stored and read', () => {
  const nested = (wrap: (inner: unknown) => unknown) =>
    Array.from({ length: 199 }).reduce<unknown>(wrap, new Set([1n]));
  for (const wrap of [
    (inner: unknown) => new Map([[1n, inner]]),
    (inner: unknown) => ({ ['__proto__']: inner }),
    (inner: unknown) => [inner],
  ]) {
    const stored = serializer.serialize(nested(wrap));
    expect(serializer.serialize(serializer.deserialize(stored))).toEqual(stored);
  }
});

test('its name and its way with undefined are what the stored state is marked with', () => {
  expect([serializer.name, serializer.undefinedProperties]).toEqual(['superjson', 'kept']);
});

test('a value that fails to be looked at is refused without its words', () => {
  const trap = new Proxy(
    {},
    {
      ownKeys: () => {
        throw new Error('hunter2');
      },
    },
  );
  expect(() => serializer.serialize(trap)).toThrow(
    expect.objectContaining({ code: 'ARS_SERIALIZATION', details: { path: '' } }),
  );
  expect(() => serializer.serialize(trap)).not.toThrow('hunter2');
});
