import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores, type KitConsumer } from './stores.js';
import { failureOf } from './support/deferred.js';
import { numbers } from './support/ledger.js';

type State = { seen: Record<string, string[]> };

describeStores((kit) => {
  const handler = ({ n }: Fields, { state, entry }: Transaction<State>): void => {
    const stream = entry.stream.slice(entry.stream.indexOf('}') + 1);
    state.seen[stream] ??= [];
    state.seen[stream].push(n!);
  };

  const collecting = (...streams: string[]): Promise<KitConsumer<State>> =>
    kit.started({ stream: streams.map((stream) => kit.name(stream)), state: (): State => ({ seen: {} }), handler });

  test('each stream is handled in its own order, all of them in one state', async () => {
    for (const stream of ['a', 'b', 'c']) await kit.addNumbers(stream, 1, 60);
    const consumer = await collecting('a', 'b', 'c');
    await kit.addNumbers('b', 61, 80);
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual({ a: numbers(1, 60), b: numbers(1, 80), c: numbers(1, 60) });
    await consumer.stop();
    expect((await collecting('a', 'b', 'c')).state).toEqual(consumer.state);
  });

  test('a message wakes the consumer in whichever stream it comes', async () => {
    const consumer = await collecting('a', 'b');
    for (let n = 1; n <= 10; n += 1) {
      await kit.addNumbers(n % 2 === 0 ? 'a' : 'b', n, n);
      await consumer.caughtUp();
    }
    expect(consumer.state.seen).toEqual({ a: ['2', '4', '6', '8', '10'], b: ['1', '3', '5', '7', '9'] });
  });

  test('a stream added later begins by startFrom; one removed keeps its position', async () => {
    await kit.addNumbers('a', 1, 2);
    await kit.addNumbers('b', 1, 2);
    await kit.addNumbers('c', 1, 2);
    const steps: [streams: string[], expected: Record<string, string[]>][] = [
      [['a', 'b'], { a: ['1', '2'], b: ['1', '2'] }],
      [['a'], { a: ['1', '2', '3'], b: ['1', '2'] }],
      [['c', 'a', 'b'], { a: ['1', '2', '3', '4'], b: ['1', '2', '3', '4'], c: ['1', '2', '3', '4'] }],
    ];
    for (const [index, [streams, expected]] of steps.entries()) {
      const consumer = await collecting(...streams);
      await consumer.caughtUp();
      expect(consumer.state.seen).toEqual(expected);
      await consumer.stop();
      if (index < 2) for (const stream of ['a', 'b', 'c']) await kit.addNumbers(stream, index + 3, index + 3);
    }
  });

  test('a message that fails holds all streams back', async () => {
    await kit.addNumbers('a', 1, 1);
    await kit.addNumbers('b', 1, 3);
    const consumer = await kit.started({
      stream: [kit.name('a'), kit.name('b')],
      state: (): State => ({ seen: {} }),
      handler: (message: Fields, transaction: Transaction<State>) => {
        handler(message, transaction);
        const { stream, attempt } = transaction.entry;
        if (stream === kit.name('b') && message['n'] === '2' && attempt < 4) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual({ a: ['1'], b: ['1', '2', '3'] });
  });

  test('a gap in one of the streams names that stream', async () => {
    await kit.addNumbers('a', 1, 3);
    const ids = await kit.addNumbers('b', 1, 3);
    const first = await collecting('a', 'b');
    await first.caughtUp();
    await first.stop();
    await kit.addNumbers('b', 4, 6);
    await kit.backend.trim(kit.name('b'), 1);
    const consumer = kit.consumer({
      stream: [kit.name('a'), kit.name('b')],
      state: (): State => ({ seen: {} }),
      handler,
    });
    expect(await failureOf(consumer.start())).toMatchObject({
      code: 'ARS_STREAM_GAP',
      details: { stream: kit.name('b'), lost: 2 },
    });
    expect(ids).toHaveLength(3);
  });

  test('a stream that is no longer read keeps nobody from starting, whatever has become of it', async () => {
    await kit.addNumbers('a', 1, 1);
    for (const stream of ['b', 'c']) await kit.addNumbers(stream, 1, 2);
    const first = await collecting('a', 'b', 'c');
    await first.caughtUp();
    await first.stop();
    await kit.addNumbers('b', 3, 5);
    await kit.backend.trim(kit.name('b'), 1);
    await kit.backend.deleteStream(kit.name('c'));
    await kit.addNumbers('a', 2, 2);
    const consumer = await collecting('a');
    await consumer.caughtUp();
    expect(consumer.state.seen).toEqual({ a: ['1', '2'], b: ['1', '2'], c: ['1', '2'] });
  });

  test('streams that share no tag need a home, under which the consumer commits', async () => {
    const streams = [`${kit.name('x')}`, `{${kit.tag}-other}y`];
    const options = {
      stream: streams,
      state: { count: 0 },
      handler: (_: Fields, { state }: Transaction<{ count: number }>) => (state.count += 1),
    };
    expect(() => kit.consumer(options)).toThrow(
      expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'home' } }),
    );
    await kit.backend.add(streams[0]!, { n: 1 });
    await kit.backend.add(streams[1]!, { n: 1 });
    const consumer = await kit.started({ ...options, home: kit.tag });
    await consumer.caughtUp();
    await consumer.stop();
    const next = await kit.started({ ...options, home: kit.tag });
    expect(next.state).toEqual({ count: 2 });
    await kit.backend.deleteStream(streams[1]!);
  });

  test('a consumer of a list and a consumer of one stream are different consumers', async () => {
    await kit.addNumbers('in', 1, 2);
    const single = await kit.started({ state: (): State => ({ seen: {} }), handler });
    const list = await collecting('in');
    await Promise.all([single.caughtUp(), list.caughtUp()]);
    expect([single.state, list.state]).toEqual([{ seen: { in: ['1', '2'] } }, { seen: { in: ['1', '2'] } }]);
  });

  test('streams and consumers whose names look alike never meet', async () => {
    const pairs = [
      ['a:b', 'c'],
      ['a', 'b:c'],
      ['a%3Ab', 'c'],
      ['a}b', 'c'],
      ['a{b', 'c'],
    ] as const;
    const consumers: KitConsumer<{ own: string }>[] = [];
    for (const [stream, consumerId] of pairs) {
      await kit.add(stream, { n: stream });
      consumers.push(
        await kit.started({
          stream: kit.name(stream),
          consumerId,
          state: { own: '' },
          handler: ({ n }, { state }) => void (state.own = n!),
        }),
      );
    }
    await Promise.all(consumers.map((consumer) => consumer.caughtUp()));
    expect(consumers.map(({ state }) => state.own)).toEqual(pairs.map(([stream]) => stream));
  });

  test('without a list, one stream keeps another consumer of the same name out of its state', async () => {
    await kit.addNumbers('a', 1, 1);
    await kit.addNumbers('b', 1, 2);
    const counting = {
      state: { count: 0 },
      handler: (_: Fields, { state }: Transaction<{ count: number }>) => (state.count += 1),
    };
    const [a, b] = await Promise.all(
      ['a', 'b'].map((stream) => kit.started({ ...counting, stream: kit.name(stream) })),
    );
    await Promise.all([a!.caughtUp(), b!.caughtUp()]);
    expect([a!.state.count, b!.state.count]).toEqual([1, 2]);
  });
});
