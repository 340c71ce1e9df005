import { expect, test } from 'vitest';
import { AfterCommit } from '../../src/consumer/after-commit.js';
import type { Logger } from '../../src/domain/logger.js';

const errors: unknown[] = [];
const logger: Logger = { debug: () => {}, info: () => {}, warn: () => {}, error: (_, details) => errors.push(details) };

test('callbacks run one after another, in the order of the commits, whatever the ones before do', async () => {
  const afterCommit = new AfterCommit(logger);
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
