import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BEGINNING, compareIds, isEntryId, previousId, timestampOf } from '../../src/domain/entry-id.js';

const MAX = 2n ** 64n - 1n;
type Pair = readonly [ms: bigint, sequence: bigint];
const part = fc.oneof(
  fc.bigInt(0n, MAX),
  fc.bigInt(0n, 120n),
  fc.bigInt(MAX - 2n, MAX),
  fc.bigInt(2n ** 53n - 2n, 2n ** 53n + 2n),
);
const pair: fc.Arbitrary<Pair> = fc.tuple(part, part);
const text = ([ms, sequence]: Pair): string => `${ms}-${sequence}`;
const sign = (difference: bigint): number => (difference < 0n ? -1 : difference > 0n ? 1 : 0);

test('IDs are ordered as pairs of 64-bit numbers', () => {
  fc.assert(
    fc.property(pair, pair, fc.boolean(), (a, other, isSameMs) => {
      const b: Pair = isSameMs ? [a[0], other[1]] : other;
      expect(Math.sign(compareIds(text(a), text(b)))).toBe(sign(a[0] - b[0]) || sign(a[1] - b[1]));
    }),
    { numRuns: 2_000 },
  );
});

test('IDs are neither ordered as texts nor as doubles', () => {
  expect(compareIds('1526919030474-55', '1526919030474-6')).toBeGreaterThan(0);
  expect(compareIds('9-0', '10-0')).toBeLessThan(0);
  expect(compareIds('9007199254740993-0', '9007199254740992-0')).toBeGreaterThan(0);
  expect(compareIds('5-0', '5-0')).toBe(0);
});

test('the previous ID is the one directly below', () => {
  fc.assert(
    fc.property(pair, ([ms, sequence]) => {
      fc.pre(ms > 0n || sequence > 0n);
      const [before, beforeSequence] = previousId(text([ms, sequence]))
        .split('-')
        .map(BigInt) as [bigint, bigint];
      expect((before << 64n) + beforeSequence + 1n).toBe((ms << 64n) + sequence);
    }),
    { numRuns: 1_000 },
  );
});

test('the previous ID is an ID, and lies below all but the first', () => {
  fc.assert(fc.property(pair, (id) => isEntryId(previousId(text(id)))));
  expect(previousId(BEGINNING)).toBe(BEGINNING);
  expect(previousId('0-1')).toBe('0-0');
  expect(previousId('1-0')).toBe(`0-${MAX}`);
});

test('every pair of 64-bit numbers in canonical form is an ID', () => {
  fc.assert(fc.property(pair, (id) => isEntryId(text(id))));
});

test.each([
  ['', '5', '5-', '-5', '5-0-0', '-', '5-*', '*', '$', '+', '('],
  ['05-0', '5-00', '00-0', '+5-0', '-5-0', '5.0-0', '5e3-0', '0x5-0', '5 -0', ' 5-0', '5-0\n', '٥-0'],
  [`${MAX + 1n}-0`, `0-${MAX + 1n}`, '99999999999999999999-0', '184467440737095516150-0'],
])('%s and the like are no IDs', (...texts) => {
  for (const one of texts) expect([one, isEntryId(one)]).toEqual([one, false]);
});

test('the timestamp is the milliseconds part', () => {
  expect(timestampOf('1526919030474-55')).toBe(1_526_919_030_474);
  expect(timestampOf(BEGINNING)).toBe(0);
});
