import { expect, test } from 'vitest';
import { Wake } from '../../src/consumer/wake.js';

test('a signal ends the wait', async () => {
  const wake = new Wake();
  let isAwake = false;
  const waiting = wake.wait().then(() => (isAwake = true));
  await Promise.resolve();
  expect(isAwake).toBe(false);
  wake.signal();
  await waiting;
});

test('signals before the wait are not lost, and count as one', async () => {
  const wake = new Wake();
  wake.signal();
  wake.signal();
  await wake.wait();
  let isAwake = false;
  void wake.wait().then(() => (isAwake = true));
  await new Promise(setImmediate);
  expect(isAwake).toBe(false);
});
