import type { Fields, StreamConsumerOptions, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type KitConsumer } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';
import { numbers } from './support/ledger.js';
import { mortal, type MortalStore } from './support/mortal-store.js';
import { letters } from './support/raw-fields.js';

type State = { seen: string[] };
type Options = Partial<StreamConsumerOptions<State, string | readonly string[]>>;

const ATTEMPTS = 3;

describeStores((kit) => {
  /** The mark of the record, read past the consumer. */
  const suspect = async (scope = kit.name('in')) => {
    const home = await kit.store.openHome({
      consumerId: 'consumer',
      home: kit.tag,
      scope,
      streams: scope === '*' ? [] : [scope],
      readsHere: true,
      stateName: null,
      isKeyed: false,
    });
    const { record } = await home.inspect();
    home.close();
    return record?.suspect;
  };

  /** One life of a process: its handler kills it at the messages of `deadly`. */
  const life = async (deadly: (n: string, stream: string) => boolean, options: Options = {}) => {
    const process = mortal(kit.connect());
    const calls: string[] = [];
    const commits: number[] = [];
    const consumer = kit.consumer<State>({
      store: process.store,
      state: (): State => ({ seen: [] }),
      deadLetter: kit.name('dead'),
      retry: { attempts: ATTEMPTS },
      leaseMs: 100,
      stopTimeoutMs: 1,
      handler: ({ n }: Fields, transaction: Transaction<State>): unknown => {
        calls.push(n!);
        if (deadly(n!, transaction.entry.stream)) return process.die();
        transaction.state.seen.push(n!);
        transaction.publish(kit.name('out'), { n: n! });
        return undefined;
      },
      ...options,
    });
    consumer.on('commit', ({ messages }) => void commits.push(messages));
    await consumer.start();
    return { consumer, process, calls, commits };
  };

  const death = (process: MortalStore): Promise<unknown> => waitFor(() => process.isDead, 'the process to die');

  /** Lives one after another until one lives long enough to catch up; answers how many died. */
  const livesUntilDone = async (
    deadly: (n: string, stream: string) => boolean,
    options: Options = {},
  ): Promise<{ deaths: number; survivor: KitConsumer<State> }> => {
    for (let deaths = 0; ; deaths += 1) {
      if (deaths > 40) throw new Error('the processes die for ever');
      const { consumer, process } = await life(deadly, options);
      const end = Promise.race([consumer.caughtUp().then(() => 'done'), death(process)]);
      if ((await end) === 'done') return { deaths, survivor: consumer };
    }
  };

  test('a message that ends the process each time is put aside after its attempts, all others are handled once', async () => {
    await kit.addNumbers('in', 1, 50);
    const { deaths, survivor } = await livesUntilDone((n) => n === '23');
    expect(deaths).toBe(ATTEMPTS + 1); // the first time nobody suspects anything
    const [letter, ...others] = await letters(kit);
    expect(others).toEqual([]);
    expect(letter!.original).toEqual(['n', '23']);
    expect(letter!.added).toMatchObject({ 'ars:code': 'ARS_POISON', 'ars:attempts': String(ATTEMPTS) });
    const rest = numbers(1, 50).filter((n) => n !== '23');
    expect(survivor.state.seen).toEqual(rest);
    expect(await kit.values('out')).toEqual(rest);
    expect(await suspect()).toBeUndefined();
  });

  test.each<[string, string[]]>([
    ['one behind the other', ['5', '6']],
    ['first and last', ['1', '20']],
    ['all of them', numbers(1, 4)],
  ])('several of them, %s, are put aside each by itself', async (_, poisons) => {
    const last = poisons.length === 4 ? 4 : 20;
    await kit.addNumbers('in', 1, last);
    const { deaths, survivor } = await livesUntilDone((n) => poisons.includes(n));
    expect(await kit.values('dead')).toEqual(poisons);
    expect(survivor.state.seen).toEqual(numbers(1, last).filter((n) => !poisons.includes(n)));
    // Suspicion goes on after a message was put aside, so only the first of them dies unsuspected.
    expect(deaths).toBe(poisons.length * ATTEMPTS + 1);
  });

  test.each([1, 2, 1_000])(
    'in one of many streams, while there is always more in the others, with %s messages a commit',
    async (maxMessages) => {
      const names = ['a', 'b', 'c', 'd', 'e'];
      for (const stream of names) await kit.addNumbers(stream, 1, stream === 'e' ? 3 : 60);
      const streams = names.map((stream) => kit.name(stream));
      const { survivor } = await livesUntilDone((n, stream) => stream === streams[4] && n === '2', {
        stream: streams,
        batch: { maxMessages },
      });
      expect((await letters(kit)).map(({ original, added }) => [original[1], added['ars:stream']])).toEqual([
        ['2', streams[4]],
      ]);
      expect(survivor.state.seen).toHaveLength(4 * 60 + 2);
      expect(await kit.entries('out')).toHaveLength(4 * 60 + 2);
    },
  );

  test('a message that dies behind an await, last in its stream, is found as well', async () => {
    await kit.addNumbers('in', 1, 3);
    let current: MortalStore | undefined;
    let deaths = 0;
    for (;;) {
      const process = mortal(kit.connect());
      current = process;
      const consumer = kit.consumer<State>({
        store: process.store,
        state: { seen: [] },
        deadLetter: kit.name('dead'),
        retry: { attempts: ATTEMPTS },
        leaseMs: 100,
        stopTimeoutMs: 1,
        handler: async ({ n }, { state }) => {
          // Long enough for the reader to find that nothing is behind it.
          await new Promise<void>((resolve) => setImmediate(() => setImmediate(resolve)));
          if (n === '3') return process.die();
          state.seen.push(n!);
        },
      });
      await consumer.start();
      if ((await Promise.race([consumer.caughtUp().then(() => 'done'), death(current)])) === 'done') break;
      deaths += 1;
      expect(deaths).toBeLessThan(10);
    }
    expect(deaths).toBe(ATTEMPTS + 1);
    expect(await kit.values('dead')).toEqual(['3']);
  });

  test('handled side by side by key, it is found as well', async () => {
    await kit.addNumbers('in', 1, 30);
    for (let deaths = 0; ; deaths += 1) {
      expect(deaths).toBeLessThanOrEqual(ATTEMPTS + 1);
      const process = mortal(kit.connect());
      const consumer = kit.consumer<State>({
        store: process.store,
        state: { seen: [] },
        deadLetter: kit.name('dead'),
        retry: { attempts: ATTEMPTS },
        leaseMs: 100,
        stopTimeoutMs: 1,
        concurrency: 6,
        key: ({ n }) => Number(n) % 6,
        handler: async ({ n }, { state }) => {
          await Promise.resolve();
          if (n === '17') return process.die();
          state.seen.push(n!);
        },
      });
      await consumer.start();
      if ((await Promise.race([consumer.caughtUp().then(() => 'done'), death(process)])) !== 'done') continue;
      expect(await kit.values('dead')).toEqual(['17']);
      for (let key = 0; key < 6; key += 1) {
        const expected = numbers(1, 30).filter((n) => Number(n) % 6 === key && n !== '17');
        expect(await consumer.stateOf(key)).toEqual({ seen: expected });
      }
      return;
    }
  });

  test('the mark is in the record before the handler runs, counts up by one a death, and goes with the commit', async () => {
    await kit.addNumbers('in', 1, 3);
    const ids = (await kit.entries('in')).map(({ id }) => id);
    const marks: unknown[] = [];
    for (let round = 0; round < 3; round += 1) {
      const { process } = await life((n) => n === '2');
      await death(process);
      marks.push(await suspect());
    }
    const mark = { stream: kit.name('in'), id: ids[1] };
    expect(marks).toEqual([undefined, { ...mark, count: 1 }, { ...mark, count: 2 }]);
    const { consumer } = await life(() => false);
    await consumer.caughtUp();
    expect(await suspect()).toBeUndefined();
    expect(consumer.state.seen).toEqual(['1', '2', '3']);
    expect(await kit.entries('dead')).toEqual([]);
  });

  test('a handler that throws while under suspicion is no poison: the mark goes, its failures count as ever', async () => {
    await kit.addNumbers('in', 1, 2);
    const { process } = await life((n) => n === '1');
    await death(process);
    const held = deferred();
    const { consumer } = await life(() => false, {
      retry: { attempts: 2, minDelayMs: 60_000, maxDelayMs: 60_000 },
      handler: () => {
        held.resolve();
        throw new Error('no');
      },
    });
    await held.promise;
    await waitFor(async () => (await suspect()) === undefined, 'the mark to go');
    await consumer.stop();
    expect(await suspect()).toBeUndefined();
  });

  test('a graceful stop clears the mark, and the next start suspects nothing', async () => {
    await kit.addNumbers('in', 1, 3);
    for (let round = 0; round < ATTEMPTS; round += 1) await death((await life((n) => n === '2')).process);
    expect((await suspect())?.count).toBe(ATTEMPTS - 1);
    const [running, gate] = [deferred(), deferred()];
    const { consumer } = await life(() => false, {
      stopTimeoutMs: 5_000,
      handler: async ({ n }) => {
        if (n !== '2') return;
        running.resolve();
        await gate.promise;
        throw new Error('not while it stops');
      },
    });
    await running.promise;
    expect((await suspect())?.count).toBe(ATTEMPTS);
    const stopped = consumer.stop();
    gate.resolve();
    await stopped;
    expect(await suspect()).toBeUndefined();
    let marks = 0;
    const { consumer: next } = await life(() => false, {
      handler: async () => void (marks += (await suspect()) === undefined ? 0 : 1),
    });
    await next.caughtUp();
    expect([marks, await kit.entries('dead')]).toEqual([0, []]);
  });

  test('an owner that lives is no victim: a message it is busy with is not condemned by who takes over', async () => {
    await kit.addNumbers('in', 1, 3);
    for (let round = 0; round < ATTEMPTS; round += 1) await death((await life((n) => n === '2')).process);
    const running = deferred();
    const busy = await life(() => false, {
      handler: async ({ n }) => {
        if (n !== '2') return;
        running.resolve();
        await new Promise<void>(() => {});
      },
    });
    await running.promise;
    expect((await suspect())?.count).toBe(ATTEMPTS);
    const { consumer } = await life(() => false);
    expect(await failureOf(busy.consumer.closed)).toMatchObject({ code: 'ARS_FENCED' });
    await consumer.caughtUp();
    expect(await kit.entries('dead')).toEqual([]);
    expect(consumer.state.seen).toEqual(['1', '2', '3']);
  });

  test('suspicion ends after two commits of the greatest size, one message each, and big commits come back', async () => {
    await kit.addNumbers('in', 1, 1);
    await death((await life(() => true)).process);
    await kit.addNumbers('in', 2, 200);
    const { consumer, commits } = await life(() => false, { batch: { maxMessages: 20 } });
    await consumer.caughtUp();
    expect(commits.slice(0, 40)).toEqual(Array.from({ length: 40 }, () => 1));
    expect(Math.max(...commits.slice(40))).toBeGreaterThan(5);
    expect(consumer.state.seen).toEqual(numbers(1, 200));
  });

  test('suspicion ends at the end of the stream, too', async () => {
    await kit.addNumbers('in', 1, 5);
    await death((await life((n) => n === '2')).process);
    const { consumer, commits } = await life(() => false);
    await consumer.caughtUp();
    expect(commits).toEqual(commits.map(() => 1));
    let last = 5;
    const isTrusted = async (): Promise<boolean> => {
      await kit.addNumbers('in', last + 1, (last += 10));
      await consumer.caughtUp();
      return Math.max(...commits) > 1;
    };
    await waitFor(isTrusted, 'commits of several messages');
    expect(last).toBeLessThan(1_000); // long before it would have ended by itself
    expect(consumer.state.seen).toEqual(numbers(1, last));
    expect(await suspect()).toBeUndefined();
  });

  test('without dead letters nothing is marked, however often the process dies, and commits stay big', async () => {
    await kit.addNumbers('in', 1, 30);
    const plain = { deadLetter: undefined, retry: {} } as unknown as Options;
    for (let round = 0; round < 6; round += 1) {
      await death((await life((n) => n === '20', plain)).process);
      expect(await suspect()).toBeUndefined();
    }
    const { consumer, commits } = await life(() => false, plain);
    await consumer.caughtUp();
    expect(Math.max(...commits)).toBeGreaterThan(5);
  });

  test.each<['before' | 'after']>([['before'], ['after']])(
    'a process that dies %s a commit is applied, of the mark or of the dead letter: never both handled and put aside',
    async (when) => {
      await kit.addNumbers('in', 1, 4);
      for (let nth = 1; nth <= 12; nth += 1) {
        const { consumer, process } = await life((n) => n === '2');
        process.dieAt('commit', (nth % 4) + 1, when);
        const end = Promise.race([consumer.caughtUp(), death(process)]);
        await end;
        const [dead, out] = [await kit.values('dead'), await kit.values('out')];
        expect(dead.length).toBeLessThanOrEqual(1);
        expect([...dead, ...out].sort()).toEqual([...new Set([...dead, ...out])].sort());
      }
      const { survivor } = await livesUntilDone((n) => n === '2');
      expect(await kit.values('dead')).toEqual(['2']);
      expect(survivor.state.seen).toEqual(['1', '3', '4']);
      expect(await kit.values('out')).toEqual(['1', '3', '4']);
    },
  );
});
