import { expect, test } from 'vitest';
import { CaughtUp } from '../../src/consumer/caught-up.js';

const passing = (passed: ReadonlySet<string>): CaughtUp =>
  new CaughtUp((stream, target) => passed.has(`${stream}@${target}`));

test('whoever waits for what has passed already need not wait', async () => {
  expect(await passing(new Set(['a@1-0'])).wait(new Map([['a', '1-0']]))).toBe(true);
  expect(await passing(new Set()).wait(new Map())).toBe(true);
});

test('every stream must have passed', async () => {
  const passed = new Set(['a@1-0']);
  const caughtUp = passing(passed);
  let isOver = false;
  const waiting = caughtUp.wait(new Map([['a', '1-0'], ['b', '2-0']])).then(() => (isOver = true)); // prettier-ignore
  caughtUp.check();
  await Promise.resolve();
  expect(isOver).toBe(false);
  passed.add('b@2-0');
  caughtUp.check();
  await waiting;
});

test('several wait for different things', async () => {
  const passed = new Set<string>();
  const caughtUp = passing(passed);
  const [first, second] = [caughtUp.wait(new Map([['a', '1-0']])), caughtUp.wait(new Map([['a', '2-0']]))];
  passed.add('a@1-0');
  caughtUp.check();
  expect(await first).toBe(true);
  const error = new Error('over');
  caughtUp.end(error);
  await expect(second).rejects.toBe(error);
});

test('those whose entries may be lost are sent to ask again', async () => {
  const caughtUp = passing(new Set());
  const waiting = caughtUp.wait(new Map([['a', '1-0']]));
  caughtUp.askAgain();
  expect(await waiting).toBe(false);
});
