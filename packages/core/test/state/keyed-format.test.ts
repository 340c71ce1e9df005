import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { msgpackSerializer } from '../../../msgpack/src/index.js';
import { isArsError } from '../../src/domain/errors.js';
import type { Serializer } from '../../src/state/serializer.js';
import { strictJson } from '../../src/state/strict-json.js';
import { asStored, createFormat, invertedJson } from './keyed-fixtures.js';

const NAMES = ['balance', '__proto__', 'constructor', 'a,b', '%', '', '0', '\ufeff', 'toJSON'];
const nulls = () => Object.fromEntries(NAMES.map((name) => [name, null]));

const failure = (act: () => unknown): unknown => {
  try {
    return act();
  } catch (error) {
    return error;
  }
};

const values = (given: Readonly<Record<string, unknown>>) => new Map(Object.entries(given));

describe('the stored form', () => {
  test('is the version, the expiry, the serializer and the attributes', () => {
    const format = createFormat(() => ({ balance: 0 }), { version: 3 });
    expect(format.encode('alice', { balance: 7 }, undefined)).toBe('3,,json,{"balance":7}');
    expect(format.encode('alice', { balance: 7 }, 1_700_000_000_000)).toBe('3,1700000000000,json,{"balance":7}');
  });

  test('holds any name of a serializer', () => {
    for (const name of [',', '%', '%2C', 'a,b%,', 'é', '%25,', '\n']) {
      const format = createFormat(() => ({ n: 0 }), { serializer: { ...strictJson, name } });
      const stored = format.encode('k', { n: 1 }, 5);
      expect(String(stored).indexOf('{')).toBe(String(stored).split(',', 3).join(',').length + 1);
      expect(format.decode('k', asStored(stored))).toEqual({
        values: values({ n: 1 }),
        expiresAt: 5,
      });
    }
  });

  test('is bytes where the serializer gives bytes', () => {
    const format = createFormat(() => ({ n: 0 }), { serializer: invertedJson });
    const stored = format.encode('k', { n: 1 }, 5) as Uint8Array;
    expect(Buffer.from(stored).subarray(0, 13).toString()).toBe('0,5,inverted,');
    expect(format.decode('k', stored).values).toEqual(values({ n: 1 }));
  });

  test('keeps its bytes when the serializer writes into the same ones again', () => {
    const buffer = Buffer.alloc(100);
    const serialize = (value: unknown) => buffer.subarray(0, buffer.write(JSON.stringify(value)));
    const format = createFormat(() => ({ n: 0 }), { serializer: { ...strictJson, serialize } });
    const stored = format.encode('k', { n: 1 }, undefined);
    format.encode('k', { n: 2 }, undefined);
    expect(Buffer.from(stored as string).toString()).toBe('0,,json,{"n":1}');
  });

  test('takes whole milliseconds only as an expiry', () => {
    const format = createFormat(() => ({ n: 0 }));
    for (const expiresAt of [-1, 0.5, NaN, Infinity, 2 ** 53])
      expect(() => format.encode('k', { n: 1 }, expiresAt)).toThrow(TypeError);
    for (const expiresAt of [0, 2 ** 53 - 1])
      expect(format.decode('k', format.encode('k', { n: 1 }, expiresAt)).expiresAt).toBe(expiresAt);
  });

  test('is refused for what it would change, naming key and path and not the value', () => {
    const format = createFormat(() => ({ list: [] }));
    const error = failure(() => format.encode('a"b', { list: [1, new Date(77)] }, undefined));
    expect(isArsError(error, 'ARS_SERIALIZATION') && error.message).toMatch(
      /^The state of key "a\\"b" .*list\[1\] is a Date/,
    );
    expect(error).toMatchObject({ details: { key: 'a"b', path: 'list[1]' } });
  });

  test('is refused for attributes that are not declared, which could not be read again', () => {
    const error = failure(() => createFormat(() => ({ n: 0 })).encode('k', { n: 1, 'x y': 2 }, undefined));
    expect(error).toMatchObject({ code: 'ARS_SERIALIZATION', details: { key: 'k', path: '"x y"' } });
  });

  test('is refused when a serializer gives nothing, or fails', () => {
    const boom = () => {
      throw new RangeError('hunter2');
    };
    for (const serialize of [() => undefined as never, () => ({}) as never, boom]) {
      const format = createFormat(() => ({ n: 0 }), { serializer: { ...strictJson, name: 'odd', serialize } });
      const error = failure(() => format.encode('k', { n: 1 }, undefined));
      expect(isArsError(error, 'ARS_SERIALIZATION') && error.message).toMatch(/"k".*"odd"/);
      expect((error as Error).message).not.toContain('hunter2');
    }
  });
});

describe('what is written is read the same', () => {
  const attribute = fc.oneof(fc.jsonValue({ maxDepth: 3 }), fc.string({ unit: 'grapheme' }), fc.constantFrom(...NAMES));
  const state = fc.tuple(...NAMES.map(() => attribute));
  const isJson = (value: unknown) => !isArsError(failure(() => strictJson.serialize(value)));

  const check = (serializer: Serializer) =>
    fc.assert(
      fc.property(state, fc.option(fc.maxSafeNat(), { nil: undefined }), (held, expiresAt) => {
        const attributes = Object.fromEntries(NAMES.map((name, index) => [name, held[index]]));
        fc.pre(isJson(attributes));
        const format = createFormat(nulls, { serializer });
        const stored = asStored(format.encode('k', attributes, expiresAt));
        expect(format.decode('k', stored)).toEqual({ values: values(attributes), expiresAt });
      }),
    );

  test('in strict JSON', () => check(strictJson));
  test('by a serializer of bytes', () => check(invertedJson));
  test('in MessagePack', () => check(msgpackSerializer));

  test('in MessagePack also for what JSON does not know', () => {
    const format = createFormat(() => ({ seen: new Set(), at: null, total: 0n }), { serializer: msgpackSerializer });
    const attributes = { seen: new Set([1n, -0, undefined]), at: new Date(NaN), total: 5n };
    const stored = asStored(format.encode('k', attributes, undefined));
    expect(format.decode('k', stored).values).toEqual(values(attributes));
  });

  test('also as bytes where the store gives text, and from a container without prototype', () => {
    const format = createFormat(nulls);
    const container = Object.assign(Object.create(null) as object, { balance: [1] });
    const stored = format.encode('k', container as Record<string, unknown>, undefined);
    expect(format.decode('k', Buffer.from(stored as string)).values).toEqual(values({ balance: [1] }));
  });
});
