import { expect, test } from 'vitest';
import { encodeFields } from '../../src/domain/fields-codec.js';

test('the size of a message counts bytes as they are stored, not characters', () => {
  expect(encodeFields({ a: '漢'.repeat(1_000) }).bytes).toBeGreaterThanOrEqual(3_000);
  expect(encodeFields({ a: 'x'.repeat(1_000) }).bytes).toBeLessThan(1_100);
});

test('a field that cannot be published is named with what it is, never with its value', () => {
  expect(() => encodeFields({ a: undefined } as never)).toThrow(/Field "a".*it is undefined/);
  expect(() => encodeFields({ a: { secret: 1 } } as never)).toThrow(/Field "a".*it is object/);
});
