import fc from 'fast-check';

/** Names that libraries trip over. */
const NAMES = [
  '__proto__',
  'constructor',
  'prototype',
  'toJSON',
  'hasOwnProperty',
  'then',
  'length',
  '',
  '.',
  'a.b',
  'a\\.b',
  '\\',
  '0',
  '17',
  '4294967295',
  '-1',
  '\ufeff',
  `\ufeff${'x'.repeat(200)}`,
  'json',
  'meta',
  'é',
  '😀',
];

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 12 }),
  fc.string({ unit: 'grapheme-ascii', maxLength: 300 }),
  fc.constantFrom(...NAMES, `\ufeff\ufeff${'é'.repeat(100)}`, 'x'.repeat(70_000), '\u0000', '\ufffd'),
);

const bigint = fc.oneof(
  fc.bigInt(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.constantFrom(
    0n,
    -1n,
    2n ** 63n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    -(2n ** 63n) - 1n,
    2n ** 64n,
    2n ** 64n - 1n,
    10n ** 3_000n,
    -(16n ** 500n),
  ),
);

const number = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.constantFrom(
    -0,
    NaN,
    Infinity,
    -Infinity,
    2 ** 31,
    2 ** 32,
    2 ** 53,
    -(2 ** 53),
    2 ** 63,
    2 ** 64,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    -32,
    -33,
    -128,
    -129,
    -32_769,
    5e-324,
    1.1,
  ),
);

const time = fc.oneof(
  fc.integer({ min: -8.64e15, max: 8.64e15 }),
  fc.constantFrom(NaN, 0, -1, 8.64e15, -8.64e15, 999, -62_135_596_800_001, 4_294_967_295_999, 2 ** 42 + 1),
);

const primitive = fc.oneof(text, number, bigint, fc.boolean(), fc.constant(null), fc.constant(undefined));

/** A plain object with own properties in this order, whatever their names. */
export function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object = {};
  for (const [name, value] of entries)
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  return object;
}

const name = fc.oneof(fc.constantFrom(...NAMES), text);

/** Everything that state can hold, nested. */
export const values: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    primitive,
    time.map((ms) => new Date(ms)),
    fc.array(tie('value'), { maxLength: 6 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 6 }).map(objectOf),
    fc.array(fc.tuple(primitive, tie('value')), { maxLength: 6 }).map((entries) => new Map(entries)),
    fc.array(primitive, { maxLength: 6 }).map((members) => new Set(members)),
  ),
})).value;

/** Stricter than deep equality: also the same prototypes, the same order, and -0 apart from 0. */
export function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
  if (a instanceof Uint8Array) return Buffer.compare(a, b as Uint8Array) === 0;
  if (a instanceof Set) return isSame([...a], [...(b as Set<unknown>)]);
  if (a instanceof Map) return isSame([...a], [...(b as Map<unknown, unknown>)]);
  return isSameList(Object.keys(a), Object.keys(b)) && isSameList(Object.values(a), Object.values(b));
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((value, index) => isSame(value, b[index]));
}

const GUARDED = [Object, Array, Map, Set, Date, Function, String, Number].flatMap((type) => [
  type,
  type.prototype as object,
]);
const namesOfAll = (): string => JSON.stringify(GUARDED.map((object) => Reflect.ownKeys(object).map(String)));
const untouched = namesOfAll();

/** Whether the built-in objects still have the properties that they had when the tests began, and no others. */
export function isUnpolluted(): boolean {
  return namesOfAll() === untouched;
}
