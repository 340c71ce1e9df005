import { expect, test } from 'vitest';
import { decodeFields, encodeFields } from '../../src/domain/fields-codec.js';
import type { StoredValue } from '../../src/domain/fields.js';

test('the size of a message counts bytes as they are stored, not characters', () => {
  expect(encodeFields({ a: '漢'.repeat(1_000) }).bytes).toBeGreaterThanOrEqual(3_000);
  expect(encodeFields({ a: 'x'.repeat(1_000) }).bytes).toBeLessThan(1_100);
});

test('a field that cannot be published is named with what it is, never with its value', () => {
  expect(() => encodeFields({ a: undefined } as never)).toThrow(/Field "a".*it is undefined/);
  expect(() => encodeFields({ a: { secret: 1 } } as never)).toThrow(/Field "a".*it is object/);
});

test.each([1, 31, 32, 33, 64])('a text of %i characters counts its bytes and must be well-formed', (length) => {
  const ascii = 'x'.repeat(length);
  const accented = `${ascii.slice(1)}é`;
  expect(encodeFields({ a: ascii }).bytes).toBe(3 + length);
  expect(encodeFields({ a: accented }).bytes).toBe(3 + Buffer.byteLength(accented));
  expect(() => encodeFields({ a: `${ascii.slice(1)}\ud800` })).toThrow(/Field "a".*lone surrogate/);
  expect(() => encodeFields({ [`${ascii.slice(1)}\udfff`]: 'a' })).toThrow(/its name has a lone surrogate/);
});

test('messages whose names are alike in number and length keep their own', () => {
  const messages = [
    { aa: '1', bb: '2' },
    { aa: '3', cc: '4' },
    { bb: '5', aa: '6' },
    { aa: '7', bb: '8' },
    { aa: '9', bbb: '10' },
  ];
  expect(messages.map((message) => encodeFields(message).fields)).toEqual([
    ['aa', '1', 'bb', '2'],
    ['aa', '3', 'cc', '4'],
    ['bb', '5', 'aa', '6'],
    ['aa', '7', 'bb', '8'],
    ['aa', '9', 'bbb', '10'],
  ]);
  expect(messages.map((message) => encodeFields(message).bytes)).toEqual([10, 10, 10, 10, 12]);
});

test('what one message was made into is not touched by the next one', () => {
  const first = encodeFields({ kind: 'order', amount: 1 });
  (first.fields as string[])[0] = 'spoilt';
  const second = encodeFields({ kind: 'refund', amount: 2 });
  expect(first.fields).toEqual(['spoilt', 'order', 'amount', '1']);
  expect(second.fields).toEqual(['kind', 'refund', 'amount', '2']);
});

test('a name that was refused is refused again', () => {
  for (let time = 0; time < 2; time += 1)
    expect(() => encodeFields({ ok: 'a', '\ud800': 'b' })).toThrow(/its name has a lone surrogate/);
});

test.each([64, 65, 3_900])('a message of %i fields is taken', (count) => {
  const message = Object.fromEntries(Array.from({ length: count }, (_, index) => [`f${index}`, String(index)]));
  for (let time = 0; time < 2; time += 1) expect(encodeFields(message).fields).toEqual(Object.entries(message).flat());
});

test.each([0, 1, 2, 5, 6, 7, 8, 40])('a message of %i stored fields has each of them, in order', (count) => {
  const expected = Array.from({ length: count }, (_, index) => [`f${index}`, String(index)]);
  expect(Object.entries(decodeFields(expected.flat()))).toEqual(expected);
});

test.each([0, 3, 9])('of a name that comes again at place %i, the last value counts', (place) => {
  const fields = Array.from({ length: 10 }, (_, index) => [`f${index}`, String(index)]).flat();
  fields[place * 2] = 'twice';
  expect(decodeFields([...fields, 'twice', 'last'])['twice']).toBe('last');
});

test.each([0, 3, 9])('a field __proto__ at place %i is one like any other', (place) => {
  const fields = Array.from({ length: 10 }, (_, index) => [`f${index}`, String(index)]).flat();
  fields[place * 2] = '__proto__';
  const message = decodeFields(fields);
  expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
  expect(Object.entries(message)[place]).toEqual(['__proto__', String(place)]);
  expect(Object.keys(message)).toHaveLength(10);
});

test.each([0, 3, 9])(
  'a field at place %i that is not text fails the message, by its place and not by its content',
  (place) => {
    for (const part of [0, 1]) {
      const fields: StoredValue[] = Array.from({ length: 10 }, (_, index) => [`f${index}`, 'secret']).flat();
      fields[place * 2 + part] = Uint8Array.of(0xff);
      expect(() => decodeFields(fields)).toThrow(`Field ${place + 1} of the entry is not valid UTF-8.`);
    }
  },
);
