import { afterEach, beforeEach, expect, test } from 'vitest';
import { steadyLogger } from '../../src/domain/logger.js';
import type { Logger } from '../../src/domain/logger.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** What nobody handled, which would end a process. */
let unhandled: unknown[];
const note = (reason: unknown) => void unhandled.push(reason);
beforeEach(() => {
  unhandled = [];
  process.on('unhandledRejection', note);
});
afterEach(() => void process.off('unhandledRejection', note));

/** A logger all of whose methods are the same. */
function loggerOf(write: (message: string, details?: unknown) => unknown): Logger {
  return Object.fromEntries(LEVELS.map((level) => [level, write])) as unknown as Logger;
}

test('a steady logger passes everything on', () => {
  const lines: unknown[][] = [];
  const steady = steadyLogger(loggerOf((...line) => lines.push(line)));
  for (const level of LEVELS) steady[level](level, { n: 1 });
  expect(lines).toEqual(LEVELS.map((level) => [level, { n: 1 }]));
});

test.each<[string, (message: string) => unknown]>([
  [
    'throws',
    () => {
      throw new Error('full disk');
    },
  ],
  ['rejects', () => Promise.reject(new Error('full disk'))],
  ['answers null', () => null],
])('a steady logger survives one that %s', async (_, write) => {
  const steady = steadyLogger(loggerOf(write));
  for (const level of LEVELS) steady[level]('x');
  await new Promise((resolve) => setImmediate(resolve));
  expect(unhandled).toEqual([]);
});
