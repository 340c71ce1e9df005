import { type Commit, CommitError, isArsError, StreamConsumer, type StreamStore, systemEnvironment } from '@ars/core';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { intercepted, type Interceptor } from './support/intercepted-store.js';
import { QuietLogger } from './support/quiet-logger.js';

/** A memory store that refuses commits as long as the function says so. */
function refusing(memory: MemoryStore, refuses: () => boolean): StreamStore {
  const intercept: Interceptor = (call, proceed) =>
    call === 'commit' && refuses() ? Promise.reject(new CommitError('refused', { reason: 'WRONGTYPE' })) : proceed();
  return intercepted(memory, intercept);
}

function filled(...names: string[]): MemoryStore {
  const memory = createMemoryStore();
  for (const n of names) memory.add('in', { n });
  return memory;
}

const fast = { minDelayMs: 1, maxDelayMs: 2 };
const named = { stream: 'in', consumerId: 'c', logger: new QuietLogger() };

test('a refused message before one whose handler throws uses up its attempts and ends the consumer', async () => {
  const attempts: number[] = [];
  const consumer = new StreamConsumer({
    ...named,
    store: refusing(filled('refused', 'throws'), () => true),
    retry: { ...fast, attempts: 3 },
    handler: ({ n }, { entry }) => {
      if (n === 'refused') attempts.push(entry.attempt);
      else throw new Error('no');
    },
  });
  await consumer.start();
  const end = await consumer.closed.catch((error: unknown) => error);
  expect(isArsError(end, 'ARS_COMMIT')).toBe(true);
  expect(Math.max(...attempts)).toBe(3);
});

test('however often refusals and failures meet, one retry at most is waited for, and none after the stop', async () => {
  let waiting = 0;
  let most = 0;
  const environment = {
    ...systemEnvironment,
    after(delayMs: number, callback: () => void) {
      if (delayMs > 5) return systemEnvironment.after(delayMs, callback);
      most = Math.max(most, (waiting += 1));
      let isOver = false;
      const over = (): void => {
        if (!isOver) waiting -= 1;
        isOver = true;
      };
      const cancel = systemEnvironment.after(delayMs, () => (over(), callback()));
      return () => (over(), cancel());
    },
  };
  let runs = 0;
  let done: () => void = () => {};
  const enough = new Promise<void>((resolve) => (done = resolve));
  const consumer = new StreamConsumer({
    ...named,
    store: refusing(filled('refused', 'throws'), () => true),
    environment,
    retry: fast,
    handler: ({ n }) => {
      if ((runs += 1) > 50) done();
      if (n === 'throws') throw new Error('no');
    },
  });
  await consumer.start();
  await enough;
  await consumer.stop();
  expect([most, waiting]).toEqual([1, 0]);
});

test('a message that failed for the last time ends the consumer though its count cannot be recorded', async () => {
  let runs = 0;
  const consumer = new StreamConsumer({
    ...named,
    store: refusing(filled('fails'), () => true),
    retry: { ...fast, attempts: 3 },
    handler: () => {
      runs += 1;
      throw new Error('no');
    },
  });
  await consumer.start();
  const end = await consumer.closed.catch((error: unknown) => error);
  expect(isArsError(end, 'ARS_HANDLER')).toBe(true);
  expect(runs).toBe(3);
});

test('messages wait when those that are handled hold as many bytes as a batch may', async () => {
  const memory = createMemoryStore();
  for (let index = 0; index < 50; index += 1) memory.add('in', { n: 'x'.repeat(100_000) });
  const release: (() => void)[] = [];
  const store = intercepted(memory, (call, proceed) =>
    call === 'commit' ? new Promise<void>((resolve) => release.push(resolve)).then(proceed) : proceed(),
  );
  const sizes: number[] = [];
  const consumer = new StreamConsumer({ ...named, store, batch: { maxBytes: 400_000 }, handler: () => {} });
  consumer.on('commit', ({ messages }) => sizes.push(messages));
  await consumer.start();
  const caughtUp = consumer.caughtUp();
  const pump = setInterval(() => release.splice(0).forEach((resolve) => resolve()), 1);
  await caughtUp;
  clearInterval(pump);
  await consumer.stop();
  expect(Math.max(...sizes)).toBeLessThanOrEqual(4);
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(50);
});

test('a commit appends no more than about one transaction may publish', async () => {
  const publishes: number[] = [];
  const memory = filled('a', 'b', 'c', 'd');
  const store = withCommits(memory, ({ publishes: list }) => publishes.push(list.length));
  const handler = (_: unknown, transaction: { publish(stream: string, message: { n: number }): void }): void => {
    for (let n = 0; n < 6_000; n += 1) transaction.publish('out', { n });
  };
  const consumer = new StreamConsumer({ ...named, store, handler });
  await consumer.start();
  await consumer.caughtUp();
  await consumer.stop();
  expect(Math.max(...publishes)).toBeLessThanOrEqual(16_000);
  expect(memory.streamInfo('out')?.length).toBe(24_000);
});

/** Shows every commit to the function on its way. */
function withCommits(memory: MemoryStore, look: (commit: Commit) => void): StreamStore {
  const store = intercepted(memory, (_, proceed) => proceed());
  return {
    ...store,
    openHome: async (address) => {
      const home = await memory.openHome(address);
      return new Proxy(home, {
        get: (target, name) =>
          name === 'commit'
            ? (...[token, commit]: Parameters<typeof home.commit>) => (look(commit), home.commit(token, commit))
            : bound(target, name),
      });
    },
  };
}

function bound(target: object, name: PropertyKey): unknown {
  const value: unknown = Reflect.get(target, name);
  return typeof value === 'function' ? (value.bind(target) as unknown) : value;
}
