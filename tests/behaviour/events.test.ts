import type { ConsumerEventName } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf, nextEvent } from './support/deferred.js';

describeStores((kit) => {
  test('claimed tells the epoch, which grows with each owner, and where it begins', async () => {
    const ids = await kit.addNumbers('in', 1, 3);
    const stream = kit.name('in');
    const epochs: number[] = [];
    for (const position of ['0-0', ids[2]]) {
      const consumer = kit.consumer({ handler: () => {} });
      const claimed = nextEvent(consumer, 'claimed');
      await consumer.start();
      const { epoch, cursors } = await claimed;
      expect(cursors).toEqual([{ stream, position, read: position === '0-0' ? 0 : 3 }]);
      epochs.push(epoch);
      await consumer.caughtUp();
      await consumer.stop();
    }
    expect(epochs).toEqual([1, 2]);
  });

  test('commit tells how many messages and publishes it held and where it led', async () => {
    const ids = await kit.addNumbers('in', 1, 10);
    const consumer = kit.consumer({
      batch: { maxMessages: 4 },
      handler: ({ n }, transaction) => {
        for (let index = 0; index < Number(n) % 3; index += 1) transaction.publish(kit.name('out'), { n: n! });
      },
    });
    const commits: { messages: number; publishes: number; position: string }[] = [];
    consumer.on('commit', ({ messages, publishes, cursors }) => {
      expect(cursors).toHaveLength(1);
      commits.push({ messages, publishes, position: cursors[0]!.position });
      expect(cursors[0]!.read).toBe(commits.reduce((sum, commit) => sum + commit.messages, 0));
    });
    await consumer.start();
    await consumer.caughtUp();
    expect(commits.reduce((sum, { messages }) => sum + messages, 0)).toBe(10);
    expect(commits.reduce((sum, { publishes }) => sum + publishes, 0)).toBe((await kit.entries('out')).length);
    expect(commits.at(-1)!.position).toBe(ids[9]);
  });

  test('a listener sees the state of the commit it is told of', async () => {
    await kit.addNumbers('in', 1, 20);
    const consumer = kit.consumer({
      state: { count: 0 },
      batch: { maxMessages: 3 },
      handler: (_, { state }) => (state.count += 1),
    });
    const seen: [number, number][] = [];
    consumer.on('commit', ({ cursors }) => seen.push([cursors[0]!.read, consumer.state.count]));
    await consumer.start();
    await consumer.caughtUp();
    expect(seen.at(-1)).toEqual([20, 20]);
    for (const [read, count] of seen) expect(count).toBe(read);
  });

  test('a listener that throws is logged and disturbs nothing, nor do others suffer', async () => {
    await kit.addNumbers('in', 1, 3);
    const consumer = kit.consumer({ state: { count: 0 }, handler: (_, { state }) => (state.count += 1) });
    const failure = new Error('listener');
    let calls = 0;
    consumer.on('commit', () => {
      throw failure;
    });
    consumer.on('commit', () => (calls += 1));
    await consumer.start();
    await consumer.caughtUp();
    expect(consumer.state.count).toBe(3);
    expect(calls).toBeGreaterThan(0);
    expect(kit.logger.lines.filter(({ details }) => details === failure)).toHaveLength(calls);
  });

  test('an asynchronous listener that fails is logged as well', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = kit.consumer({ handler: () => {} });
    const failure = new Error('asynchronous listener');
    // oxlint-disable-next-line typescript/no-misused-promises -- users do, whatever the types say
    consumer.on('commit', async () => {
      throw failure;
    });
    await consumer.start();
    await consumer.caughtUp();
    expect(kit.logger.lines.some(({ details }) => details === failure)).toBe(true);
  });

  test('off ends what on began', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = kit.consumer({ handler: () => {} });
    let calls = 0;
    const listener = (): void => void (calls += 1);
    consumer.on('commit', listener).on('commit', listener);
    await consumer.start();
    await consumer.caughtUp();
    consumer.off('commit', listener);
    await kit.addNumbers('in', 2, 2);
    await consumer.caughtUp();
    expect(calls).toBe(1);
  });

  test('a consumer that does its work emits nothing but claimed and commit', async () => {
    await kit.addNumbers('in', 1, 5);
    const consumer = kit.consumer({ handler: () => {} });
    const seen = new Set<string>();
    for (const name of ['claimed', 'commit', 'retry', 'fenced', 'gap', 'rewound'] satisfies ConsumerEventName[]) {
      consumer.on(name, () => seen.add(name));
    }
    await consumer.start();
    await consumer.caughtUp();
    await consumer.stop();
    expect([...seen]).toEqual(['claimed', 'commit']);
  });

  test('stats counts messages, commits, publishes and failures, and tells the lag', async () => {
    await kit.addNumbers('in', 1, 6);
    const consumer = kit.consumer({
      retry: { attempts: 3 },
      handler: ({ n }, transaction) => {
        transaction.publish(kit.name('out'), { n: n! });
        if (n === '2' && transaction.entry.attempt < 3) throw new Error('not yet');
        if (n === '5') throw new Error('never');
      },
    });
    expect(consumer.stats()).toMatchObject({ messages: 0, commits: 0, publishes: 0, failures: 0, lag: {} });
    await consumer.start();
    await failureOf(consumer.closed);
    const stats = consumer.stats();
    expect(stats).toMatchObject({ messages: 4, publishes: 4, failures: 5, recoveries: 0, rewinds: 0 });
    expect(stats.commits).toBeGreaterThanOrEqual(2);
    expect(stats.lag).toEqual({ [kit.name('in')]: 2 });
    expect(stats.messagesPerSecond).toBeGreaterThan(0);
    expect(consumer.stats().messagesPerSecond).toBe(0);
  });

  test('the lag of a consumer that caught up is 0', async () => {
    await kit.addNumbers('in', 1, 40);
    const consumer = await kit.started({ handler: () => {} });
    await consumer.caughtUp();
    expect(consumer.stats().lag).toEqual({ [kit.name('in')]: 0 });
  });
});
