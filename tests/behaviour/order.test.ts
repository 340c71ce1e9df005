import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred } from './support/deferred.js';
import { numbers } from './support/ledger.js';

describeStores((kit) => {
  test('messages are handled in the order of their stream, each once', async () => {
    await kit.addNumbers('in', 1, 300);
    const seen: string[] = [];
    const consumer = await kit.started({ handler: ({ n }) => seen.push(n!) });
    await kit.addNumbers('in', 301, 350);
    await consumer.caughtUp();
    expect(seen).toEqual(numbers(1, 350));
  });

  test('an asynchronous handler never overlaps with the next message', async () => {
    await kit.addNumbers('in', 1, 60);
    const trace: string[] = [];
    const consumer = await kit.started({
      handler: async ({ n }) => {
        trace.push(`+${n}`);
        for (let turns = Number(n) % 5; turns > 0; turns -= 1) await new Promise(setImmediate);
        trace.push(`-${n}`);
      },
    });
    await consumer.caughtUp();
    expect(trace).toEqual(numbers(1, 60).flatMap((n) => [`+${n}`, `-${n}`]));
  });

  test('handlers that answer at once and handlers that take their time keep one order', async () => {
    await kit.addNumbers('in', 1, 90);
    const consumer = await kit.started({
      state: { seen: [] as string[] },
      handler: ({ n }, { state }) => {
        if (Number(n) % 3 === 0) return Promise.resolve().then(() => state.seen.push(n!));
        state.seen.push(n!);
        return undefined;
      },
    });
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual(numbers(1, 90));
  });

  test('published messages keep the order in which they were published, within and across transactions', async () => {
    await kit.addNumbers('in', 1, 40);
    const out = kit.name('out');
    const consumer = await kit.started({
      handler: ({ n }, transaction) => {
        for (const part of ['a', 'b', 'c']) transaction.publish(out, { n: `${n}${part}` });
      },
    });
    await consumer.caughtUp();
    expect(await kit.values('out')).toEqual(numbers(1, 40).flatMap((n) => [`${n}a`, `${n}b`, `${n}c`]));
  });

  test.each([{ maxMessages: 1 }, { maxMessages: 7 }, { maxBytes: 1 }, { maxBytes: 200, maxMessages: 3 }])(
    'bounds of a batch change nothing but its size: %o',
    async (batch) => {
      await kit.addNumbers('in', 1, 50);
      const out = kit.name('out');
      const sizes: number[] = [];
      const consumer = kit.consumer({ batch, handler: ({ n }, transaction) => transaction.publish(out, { n: n! }) });
      consumer.on('commit', ({ messages }) => sizes.push(messages));
      await consumer.start();
      await consumer.caughtUp();
      expect(await kit.values('out')).toEqual(numbers(1, 50));
      expect(Math.max(...sizes)).toBeLessThanOrEqual(batch.maxMessages ?? 50);
      expect(sizes.reduce((sum, size) => sum + size)).toBe(50);
    },
  );

  test('a message tells its stream, its ID and its time', async () => {
    const id = await kit.backend.add(kit.name('in'), { n: 1 }, '1700000000000-7');
    const entry = deferred<unknown>();
    await kit.started({ handler: (_, transaction) => entry.resolve(transaction.entry) });
    expect(await entry.promise).toEqual({ stream: kit.name('in'), id, timestamp: 1_700_000_000_000, attempt: 1 });
  });

  test('a handler may be an object; its method is called on it', async () => {
    await kit.addNumbers('in', 1, 3);
    const handler = {
      seen: [] as string[],
      handle(message: Record<string, string>): void {
        this.seen.push(message['n']!);
      },
    };
    const consumer = await kit.started({ handler });
    await consumer.caughtUp();
    expect(handler.seen).toEqual(['1', '2', '3']);
  });

  test('two consumers of one stream each get every message', async () => {
    const seen: Record<string, string[]> = { a: [], b: [] };
    const [a, b] = await Promise.all(
      ['a', 'b'].map((consumerId) => kit.started({ consumerId, handler: ({ n }) => seen[consumerId]!.push(n!) })),
    );
    await kit.addNumbers('in', 1, 20);
    await Promise.all([a!.caughtUp(), b!.caughtUp()]);
    expect(seen).toEqual({ a: numbers(1, 20), b: numbers(1, 20) });
  });

  test('a handler that changes its message finds it as it was at the next attempt', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({
      state: { seen: '' },
      handler: (message, { state, entry }) => {
        state.seen = message['n']!;
        message['n'] = 'changed';
        if (entry.attempt < 3) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    expect(consumer.state.seen).toBe('1');
  });

  test('a consumer that feeds itself for ever lets others work, and can be stopped', async () => {
    await kit.add('in', { n: 0 });
    const consumer = await kit.started({
      state: { count: 0 },
      handler: ({ n }, transaction) => {
        transaction.state.count += 1;
        transaction.publish(kit.name('in'), { n: Number(n) + 1 });
      },
    });
    while (consumer.state.count < 50) await new Promise(setImmediate);
    await consumer.stop();
    expect(await kit.entries('in')).toHaveLength(consumer.state.count + 1);
  });
});
