import { expect, test } from 'vitest';
import { SHORT_MAX, shortAscii } from '../src/packing/short-text.js';

const ALPHABET = '0123456789abcdefghij';

test('every length comes out whole, from anywhere in the bytes', () => {
  const bytes = Buffer.from(`<${ALPHABET}`);
  for (let length = 0; length <= SHORT_MAX; length += 1)
    expect(shortAscii(bytes, 1, 1 + length)).toBe(ALPHABET.slice(0, length));
});

test('a byte beyond ASCII is refused at every place', () => {
  for (let length = 1; length <= SHORT_MAX; length += 1) {
    for (let place = 0; place < length; place += 1) {
      const bytes = Buffer.from(ALPHABET);
      bytes[place] = 0x80;
      expect(shortAscii(bytes, 0, length)).toBeUndefined();
    }
  }
});
