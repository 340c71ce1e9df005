import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isArsError } from '../../src/domain/errors.js';
import { storedValueOf } from '../../src/domain/fields-codec.js';
import type { StoredFields } from '../../src/domain/fields.js';
import type { Serializer } from '../../src/state/serializer.js';
import { binaryCodec, fieldsCodec, jsonCodec, serializerCodec } from '../../src/transaction/codec.js';

const codeOf = (work: () => unknown): string => {
  try {
    work();
  } catch (error) {
    return isArsError(error) ? error.code : String(error);
  }
  return 'nothing thrown';
};
const INVALID = 'ARS_MESSAGE_VALIDATION';
const wellFormed = fc.string({ unit: 'grapheme' }).filter((text) => text.isWellFormed());

describe('jsonCodec', () => {
  test('any JSON value comes back as it was, from one field', () => {
    const jsonValue = fc.json().map((text) => JSON.parse(text) as unknown);
    fc.assert(
      fc.property(jsonValue, (message) => {
        const { fields, bytes } = jsonCodec.encode(message);
        expect(fields).toEqual(['json', JSON.stringify(message)]);
        expect(bytes).toBeGreaterThan(0);
        expect(jsonCodec.decode(fields)).toEqual(message);
      }),
    );
  });

  test.each([
    undefined, NaN, -0, 5n, new Date(0), new Map(), { a: [undefined] }, () => 0, Symbol('x'), '\ud800', { at: { deep: NaN } },
  ])('a value that JSON would change is refused: %o', (message) => {
    expect(codeOf(() => jsonCodec.encode(message))).toBe(INVALID);
  }); // prettier-ignore

  test('the refusal names the path', () => {
    expect(() => jsonCodec.encode({ lines: [{ price: NaN }] })).toThrow(/lines\[0\]\.price/);
  });

  test.each<[string, StoredFields]>([
    ['no field', []],
    ['another name', ['text', '{}']],
    ['two fields', ['json', '{}', 'json', '{}']],
    ['a name that is not UTF-8', [Uint8Array.of(0xff), '{}']],
    ['text that is not JSON', ['json', '{']],
    ['bytes that are not UTF-8', ['json', Uint8Array.of(0xff)]],
  ])('an entry with %s is refused', (_, fields) => {
    expect(codeOf(() => jsonCodec.decode(fields))).toBe(INVALID);
  });
});

describe('fieldsCodec', () => {
  test('well-formed text comes back as it was, in the same order', () => {
    const message = fc.dictionary(wellFormed, wellFormed, { minKeys: 1 });
    fc.assert(
      fc.property(message, (given) => {
        const decoded = fieldsCodec.decode(fieldsCodec.encode(given).fields);
        expect(Object.entries(decoded)).toEqual(Object.entries(given));
      }),
    );
  });

  test('of a field that comes twice, the last value counts', () => {
    expect(fieldsCodec.decode(['a', '1', 'b', '2', 'a', '3'])).toEqual({ a: '3', b: '2' });
  });
});

describe('binaryCodec', () => {
  test('any bytes under any name come back as they were', () => {
    const message = fc.dictionary(wellFormed, fc.uint8Array(), { minKeys: 1 });
    fc.assert(
      fc.property(message, (given) => {
        const decoded = binaryCodec.decode(binaryCodec.encode(given).fields);
        const listed = (fields: Record<string, Uint8Array>) =>
          Object.entries(fields).map(([name, value]) => [name, [...value]]);
        expect(listed(decoded)).toEqual(listed(given));
      }),
    );
  });

  test('what it gives is a copy: changing it changes no stored bytes', () => {
    const stored = Uint8Array.of(0xff, 1);
    binaryCodec.decode(['a', stored])['a']![0] = 0;
    expect([...stored]).toEqual([0xff, 1]);
  });

  test('what it takes is copied: changing it later changes no stored bytes', () => {
    const given = Uint8Array.of(0xff, 1);
    const { fields } = binaryCodec.encode({ a: given });
    given[0] = 0;
    expect(fields).toEqual(['a', Uint8Array.of(0xff, 1)]);
  });

  test('a field named __proto__ is a field', () => {
    const message = binaryCodec.decode(['__proto__', 'x']);
    expect(Object.keys(message)).toEqual(['__proto__']);
    expect(Object.getPrototypeOf(message)).toBe(Object.prototype);
  });

  test('a name that is not UTF-8 is refused', () => {
    expect(codeOf(() => binaryCodec.decode([Uint8Array.of(0xff), 'x']))).toBe(INVALID);
  });
});

describe('serializerCodec', () => {
  const bytesOnly: Serializer = {
    name: 'bytes-only',
    undefinedProperties: 'kept',
    serialize: (value) => Uint8Array.of(0xff, value as number),
    deserialize: (stored) => (stored as Uint8Array)[1],
  };

  test('the field is named after the serializer, and holds what it gave', () => {
    const codec = serializerCodec(bytesOnly);
    expect(codec.name).toBe('bytes-only');
    expect(codec.encode(7)).toEqual({ fields: ['bytes-only', Uint8Array.of(0xff, 7)], bytes: 12 });
    expect(codec.decode(['bytes-only', Uint8Array.of(0xff, 7)])).toBe(7);
  });

  test('a serializer that throws an error of its own makes the message invalid, both ways', () => {
    const fail = (): never => {
      throw new RangeError('too long');
    };
    const codec = serializerCodec({ ...bytesOnly, serialize: fail, deserialize: fail });
    for (const work of [() => codec.encode(1), () => codec.decode(['bytes-only', 'x'])]) {
      expect(work).toThrow(expect.objectContaining({ code: INVALID, cause: expect.any(RangeError) }));
    }
  });
});

test('storedValueOf keeps text as text and everything else as bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      const stored = storedValueOf(bytes);
      expect([...Buffer.from(stored as string)]).toEqual([...bytes]);
    }),
  );
});
