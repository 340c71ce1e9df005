import { expect, test } from 'vitest';
import { KeyQueues } from '../../src/consumer/key-queues.js';

const one = (key: string | undefined, name: number): { key: string | undefined; name: number } => ({ key, name });

test('things of one key go one after another, those of others and those without a key at once', () => {
  const queues = new KeyQueues<ReturnType<typeof one>>();
  const [a1, a2, a3, b1] = [one('a', 1), one('a', 2), one('a', 3), one('b', 4)];
  expect([a1, a2, b1, a3].map((each) => queues.join(each))).toEqual([true, false, true, false]);
  expect([one(undefined, 5), one(undefined, 6)].map((each) => queues.join(each))).toEqual([true, true]);
  expect(queues.leave(a1)).toBe(a2);
  expect(queues.leave(a2)).toBe(a3);
  expect(queues.leave(a3)).toBeUndefined();
  expect(queues.leave(b1)).toBeUndefined();
  expect(queues.leave(one(undefined, 5))).toBeUndefined();
  expect(queues.join(one('a', 7))).toBe(true);
});

test('what is cleared holds nobody up', () => {
  const queues = new KeyQueues<ReturnType<typeof one>>();
  queues.join(one('a', 1));
  queues.clear();
  expect(queues.join(one('a', 2))).toBe(true);
});
