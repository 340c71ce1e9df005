import { isArsError, StreamConsumer } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { intercepted } from './support/intercepted-store.js';
import { QuietLogger } from './support/quiet-logger.js';

const named = { stream: 'in', consumerId: 'c', logger: new QuietLogger(), handler: (): void => {} };

test('an owner that was fenced reports that, and not a gap, where its successor has read what was trimmed since', async () => {
  const memory = createMemoryStore();
  let openGate: () => void = () => {};
  const gate = new Promise<void>((resolve) => (openGate = resolve));
  const slow = intercepted(memory, async (call, proceed) => {
    if (call === 'read') await gate;
    return proceed();
  });
  const first = new StreamConsumer({ ...named, store: slow });
  let gaps = 0;
  first.on('gap', () => (gaps += 1));
  await first.start();
  memory.add('in', { n: 1 });
  await using second = new StreamConsumer({ ...named, store: memory });
  await second.start();
  await second.caughtUp();
  memory.truncate('in', { maxLength: 0 });
  openGate();
  const end = await first.closed.catch((error: unknown) => error);
  expect(isArsError(end, 'ARS_FENCED')).toBe(true);
  expect(gaps).toBe(0);
});

test('a takeover finds no gap where the owner has read on, and others have trimmed, since it looked', async () => {
  const memory = createMemoryStore();
  memory.add('in', { n: 1 });
  const owner = new StreamConsumer({ ...named, store: memory });
  await owner.start();
  await owner.caughtUp();
  let isFirstLook = true;
  const late = intercepted(memory, async (call, proceed) => {
    const answer = await proceed();
    if (call === 'inspect' && isFirstLook) {
      isFirstLook = false;
      memory.add('in', { n: 2 });
      await owner.caughtUp();
      memory.truncate('in', { maxLength: 0 });
    }
    return answer;
  });
  await using successor = new StreamConsumer({ ...named, store: late });
  await successor.start();
  await successor.caughtUp();
  expect(isFirstLook).toBe(false);
});
