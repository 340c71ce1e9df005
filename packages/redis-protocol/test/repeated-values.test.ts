import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RepeatedValues } from '../src/packing/repeated-values.js';
import { storedValue } from '../src/packing/stored-text.js';

const value = fc.oneof(
  fc.constantFrom('', 'a', 'sku-1', 'sku-2', 'x'.repeat(40), 'x'.repeat(41), 'naïve', '\ufffd').map(bytesOf),
  fc.uint8Array({ maxLength: 45 }).map((bytes) => Buffer.from(bytes)),
);

function bytesOf(text: string): Buffer {
  return Buffer.from(text);
}

test('a value is what it is without the table, whatever came before it', () => {
  fc.assert(
    fc.property(fc.array(value, { maxLength: 200 }), (values) => {
      const repeated = new RepeatedValues();
      for (const bytes of values) {
        const around = Buffer.concat([bytesOf('<'), bytes, bytesOf('>')]);
        expect(repeated.value(around, 1, 1 + bytes.length)).toEqual(storedValue(bytes, 0, bytes.length));
      }
    }),
  );
});

test('values stay right when few repeat and the table is given up', () => {
  const repeated = new RepeatedValues();
  for (let i = 0; i < 20_000; i += 1) {
    const text = `order-${i}`;
    expect(repeated.value(bytesOf(text), 0, text.length)).toBe(text);
  }
  expect(repeated.value(bytesOf('order-1'), 0, 7)).toBe('order-1');
});
