import type { Fields, StreamGap, StreamReader, Transaction } from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { describeStore, describeStores, type KitConsumer } from './stores.js';
import { waitFor } from '../support/wait.js';
import { type Deferred, deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { numbers } from './support/ledger.js';
import type { RedisBackend } from './support/redis-backend.js';

/** Numbers, and gaps as `gap <lost>`, in the order in which they were handled. */
type State = { seen: string[] };
type Answer = 'fail' | 'skip' | Promise<'fail' | 'skip'>;
type OnGap = (gap: StreamGap, transaction: Transaction<State>) => Answer;

describeStores((kit) => {
  const base = {
    state: (): State => ({ seen: [] }),
    handler: ({ n }: Fields, { state }: Transaction<State>): void => void state.seen.push(n!),
  };
  const keys = () => ({ consumerId: 'consumer', scope: kit.name('in') });

  /** Notes the gap in the state and publishes it. */
  const noting: OnGap = ({ lost }, transaction) => {
    transaction.state.seen.push(`gap ${lost}`);
    transaction.publish(kit.name('out'), { lost });
    return 'skip';
  };

  /** A started consumer, and the gaps that it tells of. */
  const watched = async (
    options: Parameters<typeof kit.consumer<State>>[0],
  ): Promise<{ consumer: KitConsumer<State>; gaps: StreamGap[] }> => {
    const consumer = kit.consumer<State>(options);
    const gaps: StreamGap[] = [];
    consumer.on('gap', (gap) => void gaps.push(gap));
    await consumer.start();
    return { consumer, gaps };
  };

  /** Waits for what is there, and for the skip of what is not: of a gap at the end nothing is there to catch up with. */
  const settled = async (consumer: KitConsumer<State>, streams = 1): Promise<void> => {
    await consumer.caughtUp();
    await waitFor(() => {
      const lags = Object.values(consumer.stats().lag);
      return lags.length === streams && lags.every((lag) => lag === 0);
    }, 'every entry ever added to be accounted for');
  };

  /** Lets a consumer handle numbers 1 to 3 and stop. */
  const handledThree = async (): Promise<string[]> => {
    const ids = await kit.addNumbers('in', 1, 3);
    const consumer = await kit.started(base);
    await consumer.caughtUp();
    await consumer.stop();
    return ids;
  };

  const LOSSES: [what: string, lost: number, left: string[], remove: (ids: string[]) => Promise<void>][] = [
    ['trimmed', 2, numbers(6, 8), () => kit.backend.trim(kit.name('in'), 3)],
    ['all trimmed', 5, [], () => kit.backend.trim(kit.name('in'), 0)],
    ['deleted in the middle', 2, ['4', '6', '8'], (ids) => kit.backend.delete(kit.name('in'), ids[1]!, ids[3]!)],
    ['deleted at the end', 1, numbers(4, 7), (ids) => kit.backend.delete(kit.name('in'), ids[4]!)],
  ];

  test.each(LOSSES)(
    'entries %s: a skip goes on behind them, tells their number once, and is remembered',
    async (_, lost, left, remove) => {
      const first = await handledThree();
      const ids = await kit.addNumbers('in', 4, 8);
      await remove(ids);
      const { consumer, gaps } = await watched({ ...base, onGap: 'skip' });
      await settled(consumer);
      expect(consumer.state.seen).toEqual([...numbers(1, 3), ...left]);
      const rest = await kit.entries('in');
      const firstLeft = rest.find(({ message }) => message['n'] === left[0])?.id ?? ids[4];
      expect(gaps).toEqual([{ stream: kit.name('in'), lost, after: first[2], upTo: firstLeft }]);
      expect(consumer.stats()).toMatchObject({ messages: left.length, failures: 0 });
      await consumer.stop();

      await kit.addNumbers('in', 9, 10);
      const next = await watched({ ...base, onGap: 'fail' });
      await next.consumer.caughtUp();
      expect(next.gaps).toEqual([]);
      expect(next.consumer.state.seen).toEqual([...numbers(1, 3), ...left, '9', '10']);
    },
  );

  test('a gap before the first message ever read is skipped as well', async () => {
    const empty = await kit.started(base);
    await empty.stop();
    await kit.addNumbers('in', 1, 5);
    await kit.backend.trim(kit.name('in'), 2);
    const { consumer, gaps } = await watched({ ...base, onGap: 'skip' });
    await consumer.caughtUp();
    expect(gaps).toMatchObject([{ lost: 3, after: '0-0' }]);
    expect(consumer.state.seen).toEqual(['4', '5']);
  });

  test('under a running consumer, again and again: each gap is told once, at its place, and the sum is exact', async () => {
    const { consumer, gaps } = await watched({ ...base, onGap: noting, batch: { maxMessages: 3 } });
    let n = 0;
    for (let round = 1; round <= 4; round += 1) {
      await kit.addNumbers('in', n + 1, n + 10);
      n += 10;
      await kit.backend.trim(kit.name('in'), round);
      await kit.addNumbers('in', n + 1, n + 1);
      n += 1;
      await consumer.caughtUp();
    }
    const { seen } = consumer.state;
    const handled = seen.filter((one) => !one.startsWith('gap')).map(Number);
    const told = seen.filter((one) => one.startsWith('gap')).map((one) => Number(one.slice(4)));
    expect(handled).toEqual([...handled].sort((a, b) => a - b));
    expect(new Set(handled).size).toBe(handled.length);
    expect(handled.length + told.reduce((sum, lost) => sum + lost, 0)).toBe(n);
    expect(gaps.map(({ lost }) => lost)).toEqual(told);
    expect(await kit.values('out', 'lost')).toEqual(told.map(String));
    // A gap stands where the numbers jump, and says by how many.
    for (const [index, one] of seen.entries()) {
      if (!one.startsWith('gap')) continue;
      const before = Number(seen[index - 1] ?? 0);
      expect(Number(seen[index + 1]) - before - 1).toBe(Number(one.slice(4)));
    }
  });

  test('each of several streams has its own gaps', async () => {
    const streams = ['a', 'b', 'c'].map((stream) => kit.name(stream));
    const first = await kit.started({ ...base, stream: streams });
    await first.stop();
    for (const stream of ['a', 'b', 'c']) await kit.addNumbers(stream, 1, 10);
    await kit.backend.trim(streams[0]!, 4);
    await kit.backend.trim(streams[2]!, 0);
    const { consumer, gaps } = await watched({ ...base, stream: streams, onGap: noting });
    await settled(consumer, 3);
    const found = Object.fromEntries(gaps.map(({ stream, lost }) => [stream, lost]));
    expect([gaps.length, found]).toEqual([2, { [streams[0]!]: 6, [streams[2]!]: 10 }]);
    expect(consumer.state.seen).toHaveLength(4 + 10 + 2);
    await consumer.stop();
    const next = await watched({ ...base, stream: streams });
    await next.consumer.caughtUp();
    expect(next.gaps).toEqual([]);
  });

  test('a stream that is behind is an error whatever the policy', async () => {
    await handledThree();
    await kit.backend.deleteStream(kit.name('in'));
    await kit.addNumbers('in', 1, 2);
    for (const onGap of ['skip', noting] as const) {
      const error = await failureOf(kit.consumer({ ...base, onGap }).start());
      expect(error).toMatchObject({ code: 'ARS_STREAM_REGRESSED' });
    }
    expect(await kit.entries('out')).toEqual([]);
  });

  test.each<[string, (onGap: OnGap) => OnGap]>([
    ['answers at once', (onGap) => onGap],
    ['answers later', (onGap) => async (gap, transaction) => (await Promise.resolve(), onGap(gap, transaction))],
  ])('a callback that %s commits what it does together with the skip', async (_, shaped) => {
    await handledThree();
    await kit.addNumbers('in', 4, 8);
    await kit.backend.trim(kit.name('in'), 2);
    const callbacks: string[] = [];
    const given: unknown[] = [];
    const onGap = shaped((gap, transaction) => {
      given.push(gap, transaction.entry.attempt);
      transaction.afterCommit(() => void callbacks.push('committed'));
      return noting(gap, transaction);
    });
    const { consumer } = await watched({ ...base, onGap });
    await consumer.caughtUp();
    await consumer.stop();
    expect(consumer.state.seen).toEqual(['1', '2', '3', 'gap 3', '7', '8']);
    expect(await kit.values('out', 'lost')).toEqual(['3']);
    expect(callbacks).toEqual(['committed']);
    expect(given).toMatchObject([{ stream: kit.name('in'), lost: 3 }, 1]);
    expect((await kit.started(base)).state).toEqual(consumer.state);
  });

  test.each<[string, boolean]>([
    ['at once', false],
    ['later', true],
  ])('a callback that throws %s is called again, and what it did is undone', async (_, isLater) => {
    await handledThree();
    await kit.addNumbers('in', 4, 8);
    await kit.backend.trim(kit.name('in'), 2);
    const attempts: number[] = [];
    const fail = (gap: StreamGap, transaction: Transaction<State>): Answer => {
      attempts.push(transaction.entry.attempt);
      void noting(gap, transaction);
      transaction.state.seen.reverse();
      if (attempts.length < 4) throw new Error('not yet');
      transaction.state.seen.reverse();
      return 'skip';
    };
    const onGap: OnGap = isLater ? async (...given) => (await Promise.resolve(), fail(...given)) : fail;
    const { consumer, gaps } = await watched({ ...base, deadLetter: kit.name('dead'), onGap });
    await consumer.caughtUp();
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(consumer.state.seen).toEqual(['1', '2', '3', 'gap 3', '7', '8']);
    expect(await kit.values('out', 'lost')).toEqual(['3']);
    expect(gaps).toHaveLength(1);
    expect(await kit.entries('dead')).toEqual([]);
  });

  test('a callback that throws for good ends the consumer, dead letters or not: a gap is no message', async () => {
    const first = await handledThree();
    await kit.addNumbers('in', 4, 8);
    await kit.backend.trim(kit.name('in'), 2);
    const cause = new RangeError('mine');
    const consumer = kit.consumer({
      ...base,
      deadLetter: kit.name('dead'),
      retry: { attempts: 3 },
      onGap: () => {
        throw cause;
      },
    });
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_HANDLER', cause });
    expect(await kit.entries('dead')).toEqual([]);
    expect((await kit.backend.moment(keys(), kit.name('out'))).position).toBe(first[2]);
    const next = await watched({ ...base, onGap: 'skip' });
    await next.consumer.caughtUp();
    expect(next.gaps).toMatchObject([{ lost: 3 }]);
  });

  const FAILURES: [what: string, answer: () => Answer][] = [
    ["'fail'", () => 'fail'],
    ["'fail' later", async (): Promise<'fail'> => 'fail'],
  ];

  test.each(FAILURES)(
    'a callback that answers %s ends the consumer with the gap, not retried; all before it is committed, it is not',
    async (_, answer) => {
      await handledThree();
      await kit.addNumbers('in', 4, 8);
      await kit.backend.trim(kit.name('in'), 2);
      let calls = 0;
      const onGap: OnGap = (gap, transaction) => {
        calls += 1;
        void noting(gap, transaction);
        return answer();
      };
      const { consumer, gaps } = await watched({ ...base, deadLetter: kit.name('dead'), onGap });
      expect(await failureOf(consumer.closed)).toMatchObject({
        code: 'ARS_STREAM_GAP',
        details: { stream: kit.name('in'), consumer: 'consumer', lost: 3 },
      });
      expect([calls, gaps.length]).toEqual([1, 1]);
      expect(consumer.state.seen).toEqual(numbers(1, 3));
      expect([await kit.entries('out'), await kit.entries('dead')]).toEqual([[], []]);
      const next = await watched({ ...base, onGap: 'skip' });
      await next.consumer.caughtUp();
      expect(next.gaps).toMatchObject([{ lost: 3 }]);
    },
  );

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['true', true],
    ['another word', 'retry'],
    ['a promise of nothing', Promise.resolve()],
    ['a function', () => 'skip'],
  ])('a callback that answers %s skips nothing', async (_, answer) => {
    await handledThree();
    await kit.addNumbers('in', 4, 8);
    await kit.backend.trim(kit.name('in'), 2);
    const consumer = kit.consumer({ ...base, retry: { attempts: 2 }, onGap: () => answer as Answer });
    await consumer.start();
    const error = await failureOf(consumer.closed);
    expect(String((error as Error).cause)).toContain("onGap must answer 'fail' or 'skip'");
    expect(consumer.state.seen).toEqual(numbers(1, 3));
  });

  test.each([['ask'], [true], [{}], [null], [['skip']]])('the option onGap refuses %j by name', (onGap) => {
    expect(() => kit.consumer({ ...base, onGap: onGap as unknown as 'skip' })).toThrow(
      expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'onGap' } }),
    );
  });

  test('an owner that was fenced tells of no gap and calls nobody', async () => {
    const gate = deferred();
    const slow = intercepted(kit.connect(), async (call, proceed) => {
      if (call === 'read') await gate.promise;
      return proceed();
    });
    let calls = 0;
    const first = await watched({ ...base, store: slow, onGap: () => ((calls += 1), 'skip') });
    await kit.addNumbers('in', 1, 2);
    const second = await watched({ ...base, onGap: 'skip' });
    await second.consumer.caughtUp();
    await kit.backend.trim(kit.name('in'), 0);
    gate.resolve();
    expect(await failureOf(first.consumer.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect([first.gaps, calls]).toEqual([[], 0]);
  });

  /** A store whose reads can be held, and that tells when it was asked for the ends of streams. */
  const holding = () => {
    const tailed = deferred();
    let gate: Deferred<void> | undefined;
    let reads = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call === 'read') await gate?.promise;
      const answer = await proceed();
      if (call !== 'read') return answer;
      reads += 1;
      await gate?.promise;
      return answer;
    });
    const tail = async (streams: readonly string[]): Promise<readonly string[]> => {
      const ids = await kit.store.tail(streams);
      tailed.resolve();
      return ids;
    };
    const openReader = async (): Promise<StreamReader> => {
      const reader = await store.openReader();
      return {
        history: reader.history,
        locate: (stream, start) => reader.locate(stream, start),
        read: (request) => reader.read({ ...request, waitMs: Math.min(request.waitMs, 10) }),
        close: () => reader.close(),
      };
    };
    const hold = (): void => void (gate = deferred());
    const release = (): void => gate!.resolve();
    return { store: { ...store, tail, openReader }, hold, release, tailed: tailed.promise, reads: () => reads };
  };

  test('a gap behind a message that fails, handled side by side: the attempts of each are its own', async () => {
    const [running, gapTried] = [deferred(), deferred()];
    const attempts: string[] = [];
    const { store, hold, release } = holding();
    const consumer = await kit.started({
      store,
      concurrency: 4,
      deadLetter: kit.name('dead'),
      retry: { attempts: 3 },
      onGap: (_, { entry }) => {
        attempts.push(`gap ${entry.attempt}`);
        gapTried.resolve();
        if (entry.attempt < 3) throw new Error('not yet');
        return 'skip';
      },
      handler: async ({ n }, { entry }) => {
        attempts.push(`${n} ${entry.attempt}`);
        if (n !== '1') return;
        hold();
        running.resolve();
        await gapTried.promise;
        if (entry.attempt < 3) throw new Error('not yet');
      },
    });
    await kit.addNumbers('in', 1, 1);
    await running.promise;
    const [, two] = await kit.addNumbers('in', 2, 3).then((ids) => ['', ids[0]!]);
    await kit.backend.delete(kit.name('in'), two!);
    release();
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual([]);
    const of = (what: string): string[] => attempts.filter((one) => one.startsWith(what));
    expect([of('1'), of('gap')]).toEqual([
      ['1 1', '1 2', '1 3'],
      ['gap 1', 'gap 2', 'gap 3'],
    ]);
  });

  test('caughtUp waits for the skip of what was there at the call', async () => {
    const called = deferred();
    const skipping = deferred();
    const { store, hold, release, tailed, reads } = holding();
    hold();
    const consumer = await kit.started({
      ...base,
      store,
      onGap: async () => {
        called.resolve();
        await skipping.promise;
        return 'skip' as const;
      },
    });
    await kit.addNumbers('in', 1, 3);
    let isCaughtUp = false;
    const caughtUp = consumer.caughtUp().then(() => (isCaughtUp = true));
    await tailed;
    await kit.backend.trim(kit.name('in'), 0);
    release();
    await called.promise;
    const before = reads();
    await waitFor(() => reads() > before + 2, 'reads behind the gap that find nothing');
    expect(isCaughtUp).toBe(false);
    skipping.resolve();
    await caughtUp;
    expect(consumer.stats().lag).toEqual({ [kit.name('in')]: 0 });
  });
});

describeStore('memory', (kit) => {
  test('a skip that was lost in a rewind is told again, once', async () => {
    const memory = (): MemoryStore => kit.store as MemoryStore;
    const consumer = kit.consumer({
      onGap: 'skip',
      state: { count: 0 },
      handler: (_, { state }) => (state.count += 1),
    });
    const gaps: number[] = [];
    consumer.on('gap', ({ lost }) => void gaps.push(lost));
    await consumer.start();
    await kit.addNumbers('in', 1, 2);
    await consumer.caughtUp();
    const copy = memory().snapshot();
    const ids = await kit.addNumbers('in', 3, 3);
    await consumer.caughtUp();
    const rewound = nextEvent(consumer, 'rewound');
    memory().restoreSnapshot(copy);
    await rewound;
    expect(ids).toHaveLength(1);
    await kit.addNumbers('in', 3, 6);
    await consumer.caughtUp();
    expect([consumer.state.count, gaps]).toEqual([6, []]);
  });
});

describeStore('redis', (kit) => {
  test('two gaps whose skips are refused at first are told once each', async () => {
    const client = (kit.backend as RedisBackend).client;
    const streams = [kit.name('a'), kit.name('b')];
    const first = await kit.started({ stream: streams, handler: () => {} });
    await first.stop();
    for (const stream of ['a', 'b']) await kit.addNumbers(stream, 1, 5);
    for (const stream of streams) await kit.backend.trim(stream, 2);
    await client.set(kit.name('broken'), 'not a stream');
    const told: string[] = [];
    const consumer = kit.consumer({
      stream: streams,
      onGap: (_, transaction) => {
        transaction.publish(kit.name('broken'), { n: 1 });
        return 'skip';
      },
      handler: () => {},
    });
    consumer.on('gap', ({ stream }) => void told.push(stream));
    const refused = nextEvent(consumer, 'retry', ({ attempt }) => attempt === 3);
    await consumer.start();
    await refused;
    await client.del(kit.name('broken'));
    await consumer.caughtUp();
    expect(told).toEqual(streams);
    expect(await kit.entries('broken')).toHaveLength(2);
  });
});
