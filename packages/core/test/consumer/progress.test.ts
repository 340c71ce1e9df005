import { expect, test } from 'vitest';
import { Progress } from '../../src/consumer/progress.js';
import { systemEnvironment } from '../../src/domain/environment.js';
import type { Commit } from '../../src/store/commit.js';
import { Batch } from '../../src/transaction/batch.js';

const commit = (position: string, read: number, publishes = 0): Commit => ({
  commitId: position,
  base: '',
  cursors: [{ stream: 'in', position, read }],
  state: undefined,
  publishes: Array.from({ length: publishes }, () => ({ stream: 'out', fields: ['n', '1'] })),
  attempt: undefined,
  suspect: undefined,
});

const batch = (messages: number): Batch => {
  const batch = new Batch(0);
  for (let n = 1; n <= messages; n += 1) {
    const delivery = { stream: 'in', id: `${n}-0`, fields: [], read: n, gap: undefined, prepared: undefined };
    batch.add({ delivery, publishes: undefined, callbacks: undefined, bytes: 0 });
  }
  return batch;
};

test('counts what is committed, and the rate since the last look', () => {
  let now = 0;
  const progress = new Progress({ ...systemEnvironment, now: () => now });
  progress.restart([{ stream: 'in', position: '0-0', read: 0 }]);
  expect(progress.stats(() => undefined)).toMatchObject({ messages: 0, lag: {}, messagesPerSecond: 0 });
  now = 2_000;
  progress.acknowledge(commit('5-0', 5, 3), batch(5));
  progress.acknowledge(commit('6-0', 6), batch(1));
  const stats = progress.stats(() => 10);
  expect(stats).toMatchObject({ messages: 6, commits: 2, publishes: 3, lag: { in: 4 }, messagesPerSecond: 3 });
  expect(progress.stats(() => 10).messagesPerSecond).toBe(0);
});

test('a restart forgets positions, not counts', () => {
  const progress = new Progress(systemEnvironment);
  progress.acknowledge(commit('5-0', 5), batch(5));
  progress.restart([{ stream: 'in', position: '2-0', read: 2 }]);
  expect(progress.stats(() => 6)).toMatchObject({ messages: 5, lag: { in: 4 } });
});

test('the lag is never negative', () => {
  const progress = new Progress(systemEnvironment);
  progress.acknowledge(commit('5-0', 5), batch(5));
  expect(progress.stats(() => 3).lag).toEqual({ in: 0 });
});
