import fc from 'fast-check';
import { Packr } from 'msgpackr/pack';
import { expect, test } from 'vitest';
import { msgpackSerializer as serializer } from '../src/index.js';
import { outcomeOf } from '../../core/test/state/serializers/outcome.js';
import { isUnpolluted, values } from '../../core/test/state/serializers/values.js';

const refused = expect.objectContaining({ code: 'ARS_SERIALIZATION' });
const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');
const packedBy = (options: object, value: unknown): Buffer => new Packr({ useToJSON: false, ...options }).pack(value);
const clone = { structuredClone: true, useRecords: false };
const text = (length: number): string => Buffer.alloc(length, 'x').toString('hex');

test.each<[string, Buffer]>([
  ['nothing', hex('')],
  ['a second value', hex('01 02')],
  ['the unused type', hex('c1')],
  ['an array that ends early', hex('93 01 02')],
  ['an array of four billion', hex('dd ffffffff 00')],
  ['a map of four billion', hex('df ffffffff a1 61 00')],
  ['a string of four gigabytes', hex('db ffffffff 61')],
  ['bytes of four gigabytes', hex('c6 ffffffff 61')],
  ['an extension of four gigabytes', hex('c9 ffffffff 01 61')],
  ['arrays that each claim all that is left', Buffer.concat(Array.from({ length: 1_000 }, () => hex('dd 0000ffff')))],
  ['a length without its bytes', hex('dc 00')],
  ['a float without its bytes', hex('cb 0000')],
  ['a million arrays in each other', Buffer.concat([Buffer.alloc(1_000_000, 0x91), hex('c0')])],
  ['a million maps in each other', hex(`${'81a161'.repeat(1_000_000)}c0`)],
  ['a thousand Maps in each other', hex(`${'81a0930401'.repeat(1_000)}c0`)],
  ['a string that is not UTF-8', hex('a1 ff')],
  ['an overlong string', hex('a2 c080')],
  ['a lone surrogate', hex('a3 eda080')],
  ['a string with a byte order mark', hex(`d9 50 efbbbf ${text(77)}`)],
  ['a name with a byte order mark', hex(`81 d9 50 efbbbf ${text(77)} 01`)],
  ['__proto__ as a name', hex('81 a95f5f70726f746f5f5f 81 a8706f6c6c75746564 01')],
  ['__proto__ with a long header', hex('81 d909 5f5f70726f746f5f5f 01')],
  ['a name twice', hex('82 a161 01 a161 02')],
  ['a name twice inside', hex('91 92 01 82 a161 01 a161 02')],
  ['a number as a name', hex('81 01 01')],
  ['nil as a name', hex('81 c0 01')],
  ['an array as a name', hex('81 91 01 01')],
  ['bytes as a name', hex('81 c401 61 01')],
  ['undefined as an extension', hex('d4 00 00')],
  ['a timestamp extension', packedBy({}, new Date())],
  ['a record', packedBy({ useRecords: true }, { a: 1, hunter2: 2 })],
  ['a record whose names are code', hex('92 d4 72 40 91 b0 783a72282929 2c7b7d2b28303b2f2a 01 40 01')],
  ['an Error', packedBy(clone, new Error('hunter2'))],
  ['a RegExp', packedBy(clone, /(a+)+$/)],
  ['a Set as an extension', packedBy(clone, new Set([1]))],
  ['a typed array', packedBy(clone, new Float64Array(3))],
  ['an ArrayBuffer', packedBy(clone, new ArrayBuffer(3))],
  [
    'an object that refers to itself',
    packedBy(
      clone,
      Object.assign([], { 0: [1] })
        .map((x, _, all) => [x, all])
        .concat(),
    ),
  ],
  ['a pointer to nothing', hex('d6 70 00000001')],
  ['a definition without a value', hex('d6 69 00000001')],
  ['bundled strings', hex('d6 62 00000001 c1')],
  ['a large bigint as an extension', packedBy({ useBigIntExtension: true, useRecords: false }, 2n ** 90n)],
  ['a tag that is not alone', hex('82 a0 91 00 a161 01')],
  ['a tag without a list', hex('81 a0 00')],
  ['a tag without a number', hex('81 a0 90')],
  ['an unknown tag', hex('81 a0 91 09')],
  ['a tag that is text', hex('81 a0 91 a8746f537472696e67')],
  ['undefined with a value', hex('81 a0 92 00 01')],
  ['a bigint that is a number', hex('81 a0 92 02 01')],
  ['a bigint that is not hexadecimal', hex('81 a0 92 02 a3 2d2d31')],
  ['a bigint with a prefix', hex('81 a0 92 02 a3 307831')],
  ['a bigint of no digits', hex('81 a0 92 02 a0')],
  ['a Date that is text', hex('81 a0 92 03 a3 313937')],
  ['a Date with a fraction', hex('81 a0 92 03 cb 3ff8000000000000')],
  ['a Date out of range', hex('81 a0 92 03 cb 4341c37937e08001')],
  ['a Date that is a bigint', hex('81 a0 92 03 d3 0000000000000005')],
  ['a Map key without a value', hex('81 a0 92 04 01')],
  ['a Map key twice', hex('81 a0 95 04 01 01 01 02')],
  ['a Map with an object as a key', hex('81 a0 93 04 80 01')],
  ['a Set member twice', hex('81 a0 93 05 01 01')],
  ['a Set with an object in it', hex('81 a0 92 05 90')],
  ['a Set with bytes in it', hex('81 a0 92 05 c400')],
  ['an object with a name that is a number', hex('81 a0 93 06 01 01')],
  ['an object with a name and no value', hex('81 a0 92 06 a0')],
  ['an object with a name twice', hex('81 a0 95 06 a0 01 a0 02')],
  ['a text without its mark', hex('81 a0 92 07 a2 2e61')],
  ['a Buffer that is text', hex('81 a0 92 08 a1 61')],
])('%s is refused', (_, stored) => {
  expect(() => serializer.deserialize(stored)).toThrow(refused);
  expect(() => serializer.deserialize(stored)).not.toThrow('hunter2');
  expect(isUnpolluted()).toBe(true);
});

test('text that no store can have made of bytes is refused', () => {
  expect(() => serializer.deserialize('\ud800')).toThrow(refused);
});

test('msgpack of other libraries is read: every header and width, 64-bit integers as bigints, other floats as numbers', () => {
  const stored = hex(
    'dc 000a d9 01 78 da 0001 78 db 00000001 78 cc 05 cd 0005 ce 00000005 cf 0000000000000005 d3 fffffffffffffffb ca 3fc00000 df 00000001 a161 de 0000',
  );
  expect(serializer.deserialize(stored)).toEqual(['x', 'x', 'x', 5, 5, 5, 5n, -5n, 1.5, { a: {} }]);
  expect(serializer.deserialize(hex('93 d0 fb d1 fffb d2 fffffffb'))).toEqual([-5, -5, -5]);
});

const outcome = (stored: Uint8Array) => outcomeOf(serializer, stored);

/** Bytes of which many are headers, so that random ones get somewhere. */
const likely = fc.oneof(
  fc.nat(255),
  fc.constantFrom(
    ...hex(
      '00 01 05 80 81 82 90 91 92 93 a0 a1 61 c0 c1 c4 c7 cb cf d3 d4 d6 d8 d9 da dc dd de df e0 ff 72 73 69 70 62',
    ),
  ),
);

function testOutcomes(arbitrary: fc.Arbitrary<Uint8Array>, numRuns: number): number {
  const outcomes: string[] = [];
  fc.assert(
    fc.property(arbitrary, (stored) => void outcomes.push(outcome(stored))),
    { numRuns },
  );
  return outcomes.filter((each) => each === 'read').length;
}

test('arbitrary bytes are refused, or read as state', () => {
  expect(
    testOutcomes(
      fc.oneof(
        fc.uint8Array(),
        fc.array(likely, { maxLength: 12 }).map((bytes) => Buffer.from(bytes)),
      ),
      4_000,
    ),
  ).toBeGreaterThan(50);
});

test('mutilated bytes of real state are refused, or read as state', () => {
  const edit = fc.record({ at: fc.nat(), remove: fc.nat(4), insert: fc.array(likely, { maxLength: 4 }) });
  const mutilated = fc.tuple(values, fc.array(edit, { minLength: 1, maxLength: 3 })).map(([value, edits]) =>
    edits.reduce(
      (bytes, { at, remove, insert }) => {
        const start = at % (bytes.length + 1);
        return Buffer.concat([bytes.subarray(0, start), Buffer.from(insert), bytes.subarray(start + remove)]);
      },
      Buffer.from(serializer.serialize(value) as Uint8Array),
    ),
  );
  expect(testOutcomes(mutilated, 2_000)).toBeGreaterThan(50);
});

test('what msgpackr writes with its extensions and records is refused, or read as state', () => {
  const records = fc.dictionary(fc.string({ maxLength: 3 }), fc.oneof(fc.integer(), fc.date(), fc.bigInt()), {
    maxKeys: 3,
  });
  const value = fc.array(
    fc.oneof(records, values, fc.constantFrom<unknown>(/a/g, new Error('e'), new Float32Array(2))),
    { maxLength: 3 },
  );
  const options = fc.record({
    useRecords: fc.boolean(),
    structuredClone: fc.boolean(),
    bundleStrings: fc.boolean(),
    useBigIntExtension: fc.constant(true),
  });
  testOutcomes(
    fc.tuple(options, value).map(([how, what]) => packedBy(how, what)),
    1_500,
  );
});

test('every cut of stored state is refused', () => {
  const stored = serializer.serialize({
    when: new Date(5),
    map: new Map([['ключ', [1n, 2n ** 70n]]]),
    set: new Set(['x'.repeat(300)]),
  }) as Uint8Array;
  for (let length = 0; length < stored.length; length++) expect(outcome(stored.subarray(0, length))).toBe('refused');
  expect(outcome(stored)).toBe('read');
});
