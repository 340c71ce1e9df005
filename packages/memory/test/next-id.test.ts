import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isExhausted, nextId } from '../src/streams/next-id.js';

const MAX = 2n ** 64n - 1n;
const part = fc.oneof(
  fc.bigInt(0n, MAX),
  fc.bigInt(0n, 20n),
  fc.bigInt(MAX - 3n, MAX),
  fc.constant(999_999_999_999_999n),
);

function naiveNext(ms: bigint, sequence: bigint, now: bigint): string | undefined {
  if (now > ms) return `${now}-0`;
  if (sequence < MAX) return `${ms}-${sequence + 1n}`;
  return ms < MAX ? `${ms + 1n}-0` : undefined;
}

test('an automatic ID is the clock, or the one after the last ID where the clock is not past it', () => {
  const clock = fc.oneof(fc.maxSafeNat(), fc.nat(30));
  fc.assert(
    fc.property(part, part, clock, (ms, sequence, now) => {
      expect(nextId(`${ms}-${sequence}`, now)).toBe(naiveNext(ms, sequence, BigInt(now)));
    }),
    { numRuns: 1_000 },
  );
});

test('a clock with fractions gives whole milliseconds', () => {
  expect(nextId('4-7', 5.9)).toBe('5-0');
  expect(nextId('5-7', 5.9)).toBe('5-8');
});

test('a stream counts as exhausted from the largest milliseconds on', () => {
  expect(isExhausted(`${MAX}-0`)).toBe(true);
  expect(isExhausted(`${MAX - 1n}-${MAX}`)).toBe(false);
  expect(isExhausted('0-0')).toBe(false);
});
