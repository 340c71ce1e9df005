import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Packer } from '../src/packing/pack.js';
import { Unpacker } from '../src/packing/unpack.js';

const value = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: 'binary', maxLength: 300 }).map((text) => text.toWellFormed()),
  fc.string({ maxLength: 300 }),
  fc.uint8Array({ maxLength: 300 }),
  fc.constantFrom(
    '\ufffd',
    'x'.repeat(31),
    'x'.repeat(32),
    'é'.repeat(200),
    'x'.repeat(255),
    'x'.repeat(256),
    'x'.repeat(65_536),
  ),
);

/** What arrives for what was stored: text wherever the bytes are UTF-8. */
function arrives(stored: string | Uint8Array): string | Uint8Array {
  if (typeof stored === 'string') return stored;
  const text = Buffer.from(stored).toString();
  return Buffer.from(text).equals(stored) ? text : stored;
}

describe('packing', () => {
  test('gives back every value, text where the bytes are UTF-8 and bytes where not', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 40 }), (values) => {
        const unpacker = new Unpacker(new Packer(1).array(values.length).values(values).finish());
        expect(unpacker.array()).toBe(values.length);
        expect(values.map(() => unpacker.value())).toEqual(values.map(arrives));
        expect(unpacker.isDone).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  test.each([0, 15, 16, 65_535, 65_536])('arrays of %i elements', (length) => {
    const packer = new Packer().array(length);
    for (let i = 0; i < length; i += 1) packer.value('x');
    expect(new Unpacker(packer.finish()).array()).toBe(length);
  });

  test('answers bytes as a copy, which does not hold the reply in memory', () => {
    const reply = new Packer().value(Uint8Array.of(0xff, 1)).finish();
    const copy = new Unpacker(reply).value() as Uint8Array;
    expect(copy.buffer.byteLength).toBe(2);
  });

  test('reuses a known text only where the bytes are the same', () => {
    const packed = new Packer().values(['name', 'nama', 'näme', Uint8Array.of(0xff, 0xff, 0xff, 0xff)]).finish();
    const unpacker = new Unpacker(packed);
    const guess = 'name';
    expect([1, 2, 3, 4].map(() => unpacker.name(guess))).toEqual([
      'name',
      'nama',
      'näme',
      Uint8Array.of(255, 255, 255, 255),
    ]);
  });

  test('a reply that is not what the reader expects is a bug', () => {
    expect(() => new Unpacker(Buffer.from([0xc0])).array()).toThrow(TypeError);
    expect(() => new Unpacker(Buffer.from([0x90])).value()).toThrow(TypeError);
    expect(() => new Unpacker(Buffer.from([0xa0])).number()).toThrow(TypeError);
  });
});
