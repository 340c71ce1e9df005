import { expect, test } from 'vitest';
import { storedName } from '../src/packing/stored-text.js';

const name = (text: string, guess?: string) => {
  const bytes = Buffer.from(`<${text}>`);
  return storedName(bytes, 1, bytes.length - 1, guess);
};

test.each(['sku', '', '0', '17', '__proto__', 'constructor', 'näme', '\ufffd', 'x'.repeat(100)])(
  'a name is what its bytes say, whatever was guessed: %s',
  (text) => {
    for (const guess of [undefined, '', 'sku', 'skü', 'constructor', text]) expect(name(text, guess)).toBe(text);
  },
);

test('a name that is not UTF-8 stays bytes', () => {
  const bytes = Uint8Array.of(0xff, 0x61);
  expect(storedName(Buffer.from(bytes), 0, 2, 'ab')).toEqual(bytes);
});
