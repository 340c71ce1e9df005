import { expect, test } from 'vitest';
import { AfterCommit } from '../../src/consumer/after-commit.js';
import type { Logger } from '../../src/domain/logger.js';
import { Clock } from '../care/clock.js';

const errors: unknown[] = [];
const warnings: string[] = [];
const logger: Logger = {
  debug: () => {},
  info: () => {},
  warn: (text) => warnings.push(text),
  error: (_, details) => errors.push(details),
};
const address = {
  consumerId: 'c',
  home: 'in',
  scope: 'in',
  streams: ['in'],
  readsHere: true,
  stateName: null,
  isKeyed: false,
} as const;
const plan = { address, logger, environment: new Clock().environment, stopTimeoutMs: 10_000 };

test('callbacks run one after another, in the order of the commits, whatever the ones before do', async () => {
  const afterCommit = new AfterCommit(plan, () => {});
  const calls: string[] = [];
  const failure = new Error('fails');
  const slow = async (): Promise<void> => {
    await new Promise(setImmediate);
    calls.push('slow');
    throw failure;
  };
  afterCommit.run([slow, () => calls.push('a')]);
  afterCommit.run([]);
  afterCommit.run([() => calls.push('b')]);
  expect(calls).toEqual([]);
  await afterCommit.settled();
  expect(calls).toEqual(['slow', 'a', 'b']);
  expect(errors).toEqual([failure]);
  await afterCommit.settled();
});

test('it is full with ten thousand that have not settled, says so once, and tells when there is room again', async () => {
  const rooms: boolean[] = [];
  const afterCommit: AfterCommit = new AfterCommit(plan, () => rooms.push(afterCommit.isFull));
  let open!: () => void;
  const gate = new Promise<void>((resolve) => (open = resolve));
  afterCommit.run(Array.from({ length: 9_999 }, () => () => gate));
  expect(afterCommit.isFull).toBe(false);
  afterCommit.run([() => gate]);
  afterCommit.run([() => gate]);
  expect(afterCommit.isFull).toBe(true);
  expect(warnings).toEqual([expect.stringContaining('Consumer "c": 10000 afterCommit callbacks wait')]);
  expect(rooms).toEqual([]);
  open();
  await afterCommit.settled();
  expect(rooms).toEqual([false]);
  expect(afterCommit.isFull).toBe(false);
});
