import { storedValueOf } from '@ars/core';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { msgpackSerializer as serializer } from '../src/index.js';
import { isSame, isUnpolluted, objectOf, values } from '../../core/test/state/serializers/values.js';

const restored = (value: unknown): unknown => serializer.deserialize(serializer.serialize(value));

test('every value that state can hold comes back as it was: kinds, order of keys, -0, NaN, undefined and all', () => {
  fc.assert(
    fc.property(values, (value) => isSame(restored(value), value) && isUnpolluted()),
    { numRuns: 2_000 },
  );
});

test('serializing changes nothing in the value, and gives the same bytes again after a round trip', () => {
  fc.assert(
    fc.property(values, (value) => {
      const before = structuredClone(value);
      const stored = serializer.serialize(value);
      return isSame(value, before) && isSame(serializer.serialize(serializer.deserialize(stored)), stored);
    }),
    { numRuns: 500 },
  );
});

test('bytes that are valid UTF-8 are read alike when a store gives them back as text', () => {
  fc.assert(
    fc.property(values, (value) => {
      const stored = storedValueOf(serializer.serialize(value) as Uint8Array);
      return isSame(serializer.deserialize(stored), value);
    }),
    { numRuns: 500 },
  );
  expect(typeof storedValueOf(serializer.serialize(['a', 1]) as Uint8Array)).toBe('object');
  expect(typeof storedValueOf(serializer.serialize(5) as Uint8Array)).toBe('string');
});

test('bytes of messages come back as they were: a Uint8Array as that, a Buffer as a Buffer', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.uint8Array().map((array) => Buffer.from(array)),
  );
  fc.assert(
    fc.property(fc.array(bytes), (value) => isSame(restored(value), value) && isSame(restored({ value }), { value })),
    { numRuns: 300 },
  );
  expect(isSame(restored(new Uint8Array(70_000)), new Uint8Array(70_000))).toBe(true);
  const part = Uint8Array.of(1, 2, 3).subarray(1, 2);
  expect(isSame(restored(part), Uint8Array.of(2))).toBe(true);
});

test.each([
  [
    'numbers and bigints around the limits of msgpack integers',
    [31, 32, 53, 63, 64].flatMap((bits) =>
      [-1, 0, 1].flatMap((off) => [
        2 ** bits + off,
        -(2 ** bits) + off,
        2n ** BigInt(bits) + BigInt(off),
        -(2n ** BigInt(bits)) + BigInt(off),
      ]),
    ),
  ],
  ['an object that looks like a tag', { '': [0] }],
  [
    'an object with an empty name among others',
    objectOf([
      ['a', 1],
      ['', [4, 1, 2]],
      ['b', undefined],
    ]),
  ],
  [
    'names that msgpackr renames or asks',
    objectOf([
      ['__proto__', new Date(1)],
      ['constructor', { name: 'Map' }],
      ['toJSON', 1],
      ['prototype', 1n],
    ]),
  ],
  [
    'text with byte order marks, short and long',
    ['\ufeff', '\ufeff\ufeff', `\ufeff${'x'.repeat(300)}`, { [`\ufeff${'x'.repeat(300)}`]: '.\ufeff' }],
  ],
  [
    'text of every length of header',
    [31, 32, 255, 256, 65_535, 65_536].flatMap((length) => [
      'x'.repeat(length),
      'é'.repeat(length / 2),
      '😀'.repeat(length / 4),
    ]),
  ],
  [
    'an object of 70,000 properties',
    Object.fromEntries(Array.from({ length: 70_000 }, (_, index) => [`k${index}`, index])),
  ],
  [
    'an array, a Map and a Set of 70,000',
    [
      Array.from({ length: 70_000 }, (_, index) => index),
      new Map(Array.from({ length: 70_000 }, (_, index) => [index, -0])),
      new Set(Array.from({ length: 70_000 }, (_, index) => BigInt(index))),
    ],
  ],
  [
    'dates at both ends, before 1970, between milliseconds of seconds, and invalid',
    [8.64e15, -8.64e15, -1, -999, -1001, 1_700_000_000_123, 2 ** 32 * 1000 - 1, 2 ** 34 * 1000 + 1, NaN].map(
      (ms) => new Date(ms),
    ),
  ],
  ['empty containers', [[], {}, new Map(), new Set(), '']],
  ['a bigint of two hundred thousand digits', 10n ** 200_000n],
  ['a value of 100 levels', Array.from({ length: 100 }).reduce<unknown>((inner) => new Map([[1, inner]]), 1n)],
])('%s', (_, value) => {
  expect(isSame(restored(value), value)).toBe(true);
});

test('plain data is plain msgpack, as any library writes it', () => {
  expect(Buffer.from(serializer.serialize({ a: [1, -1, 1.5, 'x', null, true] }) as Uint8Array).toString('hex')).toBe(
    '81a16196' + '01' + 'ff' + 'cb3ff8000000000000' + 'a178' + 'c0' + 'c3',
  );
  expect(Buffer.from(serializer.serialize(-5n) as Uint8Array).toString('hex')).toBe('d3fffffffffffffffb');
});

test('what is stored has these bytes for ever: a change here makes old state unreadable', () => {
  const value = [
    undefined,
    -0,
    2n ** 64n,
    new Date(5),
    new Map([[1, 2]]),
    new Set([1]),
    { '': 1 },
    '\ufeff',
    Buffer.from([1]),
  ];
  expect(Buffer.from(serializer.serialize(value) as Uint8Array).toString('hex')).toBe(
    [
      '99',
      '81a09100',
      '81a09101',
      '81a09202b13130303030303030303030303030303030',
      '81a0920305',
      '81a093040102',
      '81a0920501',
      '81a09306a001',
      '81a09207a42eefbbbf',
      '81a09208c40101',
    ].join(''),
  );
});

test('what leaves is a copy: later calls do not write into it, and it holds no more memory than its length', () => {
  const first = serializer.serialize(['a']) as Uint8Array;
  const copy = first.slice();
  for (let n = 0; n < 100; n++) serializer.serialize(['b'.repeat(n)]);
  expect(first).toEqual(copy);
  expect(first.buffer.byteLength).toBe(first.byteLength);
});

test('reading changes nothing in the stored bytes, not even a property', () => {
  const stored = Buffer.from(serializer.serialize({ a: new Uint8Array(3) }) as Uint8Array);
  const { a } = serializer.deserialize(stored) as { a: Uint8Array };
  a.fill(9);
  expect(Object.hasOwn(stored, 'dataView')).toBe(false);
  expect(serializer.deserialize(stored)).toEqual({ a: new Uint8Array(3) });
});
