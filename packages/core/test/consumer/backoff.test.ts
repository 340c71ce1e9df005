import { expect, test } from 'vitest';
import { backoffMs } from '../../src/consumer/backoff.js';
import { type Environment, systemEnvironment } from '../../src/domain/environment.js';

const throwing = (value: number): Environment => ({ ...systemEnvironment, random: () => value });
const delays = (value: number, attempts: number[]): number[] =>
  attempts.map((attempt) => backoffMs(attempt, 100, 1_000, throwing(value)));

test('the delay doubles with each attempt, up to the most', () => {
  expect(delays(1, [1, 2, 3, 4, 5, 6])).toEqual([100, 200, 400, 800, 1_000, 1_000]);
});

test('chance takes away up to half of it', () => {
  expect(delays(0, [1, 2, 5])).toEqual([50, 100, 500]);
});

test('any number of attempts gives a delay that timers take', () => {
  expect(delays(1, [100, 100_000, Number.MAX_SAFE_INTEGER])).toEqual([1_000, 1_000, 1_000]);
  expect(backoffMs(10, 0, 0, throwing(1))).toBe(0);
});
