import { expect, test } from 'vitest';
import { summarize } from '../scripts/summary.mjs';

const file = (...statuses: string[]) => ({
  status: statuses.includes('failed') || statuses.length === 0 ? 'failed' : 'passed',
  assertionResults: statuses.map((status) => ({ status })),
});

test('counts passed and failed tests', () => {
  const report = { numPassedTests: 3, numFailedTests: 1, testResults: [file('passed', 'failed')] };
  expect(summarize(report, 0, false)).toEqual({ failed: 1, line: '3 passed, 1 failed' });
});

test('a failed step counts as failed', () => {
  expect(summarize({ numPassedTests: 3, numFailedTests: 0, testResults: [] }, 2, true).line).toBe('3 passed, 2 failed');
});

test('a test file that could not run counts as failed', () => {
  const report = { numPassedTests: 3, numFailedTests: 0, testResults: [file('passed'), file()] };
  expect(summarize(report, 0, false).line).toBe('3 passed, 1 failed');
});

test('a run that failed without a failed test, or left no report, counts as failed', () => {
  expect(summarize({ numPassedTests: 3, numFailedTests: 0, testResults: [] }, 0, false).line).toBe(
    '3 passed, 1 failed',
  );
  expect(summarize(undefined, 0, false).line).toBe('0 passed, 1 failed');
});

test('a run where everything holds has no failures', () => {
  expect(summarize({ numPassedTests: 3, numFailedTests: 0, testResults: [file('passed')] }, 0, true).failed).toBe(0);
});
