import {
  defineStream,
  type Fields,
  Persistable,
  type StandardSchema,
  StreamConsumer,
  type StreamConsumerOptions,
  type Transaction,
} from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import { Cluster } from 'ioredis';
import { expect, test } from 'vitest';
import { describeStore, describeStores } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { numbers } from './support/ledger.js';
import { letters } from './support/raw-fields.js';

/** A number under a schema, as another library would define one. */
const numbered: StandardSchema<{ n: number }> = {
  '~standard': {
    version: 1,
    vendor: 'test',
    validate: (value) => {
      const n = (value as { n?: unknown } | null)?.n;
      return typeof n === 'number' ? { value: { n } } : { issues: [{ message: 'not a number', path: ['n'] }] };
    },
  },
};

class Summing extends Persistable.with({ count: 0, deep: { list: [] as string[] } }) {
  readonly uniqueId = 'summing';
  instanceOnly = 0;

  handle({ n }: Fields, transaction: Transaction<object>): void {
    this.count += 1;
    this.deep.list.push(n!);
    if (Number(n) % 4 === 0) throw new Error(`no multiples of four, attempt ${transaction.entry.attempt}`);
  }
}

describeStores((kit) => {
  const dead = () => kit.name('dead');

  test('an object with attributes loses what a dead letter changed in them', async () => {
    await kit.addNumbers('in', 1, 9);
    const handler = new Summing();
    const consumer = await kit.started({ handler, deadLetter: dead() });
    await consumer.caughtUp();
    expect(consumer.state).toEqual({ count: 7, deep: { list: ['1', '2', '3', '5', '6', '7', '9'] } });
    expect(await kit.values('dead')).toEqual(['4', '8']);
    await consumer.stop();
    const next = await kit.started({ handler: new Summing(), deadLetter: dead() });
    expect(next.state).toEqual(consumer.state);
  });

  test('a message that does not fit its schema, or is no JSON at all, is put aside as it is after no call', async () => {
    const input = defineStream(kit.name('in'), { schema: numbered });
    const bad: (string | Uint8Array)[][] = [
      ['data', '{"n":"x"}'],
      ['other', ''],
      ['data', Uint8Array.of(0xff)],
    ];
    for (const fields of bad) {
      await kit.producer().publish(input, { n: 1 });
      await kit.backend.addBytes(input.name, fields);
    }
    await kit.producer().publish(input, { n: 2 });
    const seen: number[] = [];
    const consumer = new StreamConsumer({
      store: kit.store,
      stream: input,
      consumerId: 'consumer',
      logger: kit.logger,
      deadLetter: dead(),
      handler: ({ n }) => void seen.push(n),
    });
    await consumer.start();
    await consumer.caughtUp();
    await consumer.stop();
    expect(seen).toEqual([1, 1, 1, 2]);
    const found = await letters(kit);
    expect(found.map(({ original }) => original)).toEqual(bad);
    for (const { added } of found) {
      expect(added).toMatchObject({ 'ars:code': 'ARS_MESSAGE_VALIDATION', 'ars:attempts': '1' });
    }
  });

  test('a definition may name the dead letters, and is not asked whether they fit it', async () => {
    await kit.addNumbers('in', 1, 1);
    const deadLetter = defineStream(dead(), { schema: numbered });
    const consumer = await kit.started({ deadLetter, retry: { attempts: 1 }, handler: () => Promise.reject('no') });
    await consumer.caughtUp();
    expect((await letters(kit)).map(({ original }) => original)).toEqual([['n', '1']]);
  });

  test('with several streams a dead letter says which one it was read from, and blocks none', async () => {
    for (const stream of ['a', 'b', 'c']) await kit.addNumbers(stream, 1, 20);
    const consumer = await kit.started({
      stream: ['a', 'b', 'c'].map((stream) => kit.name(stream)),
      state: { sums: {} as Record<string, number> },
      deadLetter: dead(),
      retry: { attempts: 2 },
      handler: ({ n }, { state, entry }) => {
        state.sums[entry.stream] = (state.sums[entry.stream] ?? 0) + Number(n);
        if (n === '7' && entry.stream !== kit.name('a')) throw new Error('no');
      },
    });
    await consumer.caughtUp();
    expect(consumer.state.sums).toEqual({ [kit.name('a')]: 210, [kit.name('b')]: 203, [kit.name('c')]: 203 });
    const found = await letters(kit);
    expect(found.map(({ added }) => String(added['ars:stream'])).sort()).toEqual([kit.name('b'), kit.name('c')]);
    for (const { added } of found) {
      const stream = String(added['ars:stream']).slice(kit.tag.length + 2);
      expect(added['ars:id']).toBe((await kit.entries(stream))[6]!.id);
    }
  });

  test('handled side by side, dead letters come in the order of the stream, whoever fails first', async () => {
    await kit.addNumbers('in', 1, 40);
    const lastFailed = deferred();
    const finished: string[] = [];
    const consumer = await kit.started({
      key: ({ n }: Fields) => Number(n) % 5,
      concurrency: 8,
      state: { seen: [] as string[] },
      deadLetter: dead(),
      retry: { attempts: 2 },
      handler: async ({ n }, transaction) => {
        transaction.state.seen.push(n!);
        transaction.publish(kit.name('out'), { n: n! });
        if (n === '1') await lastFailed.promise;
        finished.push(n!);
        if (n === '3' && transaction.entry.attempt === 2) lastFailed.resolve();
        if (Number(n) % 3 === 0 || n === '1') throw new Error('no');
      },
    });
    await consumer.caughtUp();
    const bad = numbers(1, 40).filter((n) => Number(n) % 3 === 0 || n === '1');
    expect(finished.indexOf('3')).toBeLessThan(finished.indexOf('1'));
    expect(await kit.values('dead')).toEqual(bad);
    expect(await kit.values('out')).toEqual(numbers(1, 40).filter((n) => !bad.includes(n)));
    for (const key of [0, 1, 2, 3, 4]) {
      const good = numbers(1, 40).filter((n) => !bad.includes(n) && Number(n) % 5 === key);
      expect(await consumer.stateOf(key)).toEqual({ seen: good });
    }
    expect(consumer.stats()).toMatchObject({ messages: 40, deadLetters: bad.length });
  });

  test('a message without a key, and one that fails for its key, are put aside; no state of a key is left of them', async () => {
    await kit.addNumbers('in', 1, 6);
    const consumer = await kit.started({
      key: ({ n }: Fields) => (n === '2' ? (undefined as unknown as string) : `k${n}`),
      state: { count: 0 },
      deadLetter: dead(),
      retry: { attempts: 2 },
      handler: ({ n }, { state }) => {
        state.count += 1;
        if (n === '4') throw new Error('no');
      },
    });
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual(['2', '4']);
    const keys: string[] = [];
    for await (const [key] of consumer.states()) keys.push(key);
    expect(keys.sort()).toEqual(['k1', 'k3', 'k5', 'k6']);
  });
});

describeStore('memory', (kit) => {
  test('after an older copy was restored, a message put aside since is put aside again: all of it agrees', async () => {
    const memory = kit.store as MemoryStore;
    const refused = ['3', '8', '11'];
    const consumer = await kit.started({
      state: { seen: [] as string[] },
      deadLetter: kit.name('dead'),
      retry: { attempts: 2 },
      handler: ({ n }, { state }) => {
        state.seen.push(n!);
        if (refused.includes(n!)) throw new Error('no');
      },
    });
    await kit.addNumbers('in', 1, 5);
    await consumer.caughtUp();
    const copy = memory.snapshot();
    await kit.addNumbers('in', 6, 10);
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual(['3', '8']);
    const rewound = nextEvent(consumer, 'rewound');
    memory.restoreSnapshot(copy);
    await rewound;
    expect(await kit.values('dead')).toEqual(['3']);
    await kit.addNumbers('in', 6, 12);
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual(refused);
    expect(consumer.state.seen).toEqual(numbers(1, 12).filter((n) => !refused.includes(n)));
  });

  test('an older copy restored while a dead letter is on its way: it is written once, on what is there then', async () => {
    const memory = kit.store as MemoryStore;
    const [sent, gate] = [deferred(), deferred()];
    let commits = 0;
    const store = intercepted(memory, async (call, proceed) => {
      if (call !== 'commit' || (commits += 1) !== 2) return proceed();
      sent.resolve();
      await gate.promise;
      return proceed();
    });
    const consumer = await kit.started({
      store,
      state: { seen: [] as string[] },
      deadLetter: kit.name('dead'),
      retry: { attempts: 1 },
      handler: ({ n }, { state }) => {
        state.seen.push(n!);
        if (n === '4') throw new Error('no');
      },
    });
    await kit.addNumbers('in', 1, 3);
    await consumer.caughtUp();
    const copy = memory.snapshot();
    await kit.addNumbers('in', 4, 4);
    await sent.promise;
    memory.restoreSnapshot(copy);
    gate.resolve();
    await kit.addNumbers('in', 4, 6);
    await consumer.caughtUp();
    expect(await kit.values('dead')).toEqual(['4']);
    expect(consumer.state.seen).toEqual(['1', '2', '3', '5', '6']);
  });
});

const options = { stream: '{a}in', consumerId: 'c', handler: (): void => {} };
const memory = createMemoryStore();

test.each<[what: string, given: Record<string, unknown>]>([
  ['the stream that it reads', { deadLetter: '{a}in' }],
  ['one of the streams that it reads', { stream: ['{a}x', '{a}y'], deadLetter: '{a}y' }],
  ['a definition of the stream that it reads', { deadLetter: defineStream('{a}in', { schema: numbered }) }],
  ['an empty name', { deadLetter: '' }],
  ['a number', { deadLetter: 7 }],
  ['null', { deadLetter: null }],
  ['a list', { deadLetter: ['{a}dead'] }],
  ['an object that is no definition', { deadLetter: { name: '{a}dead' } }],
])('the option deadLetter refuses %s', (_, given) => {
  const make = (): unknown =>
    new StreamConsumer({ ...options, store: memory, ...given } as unknown as StreamConsumerOptions);
  expect(make).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'deadLetter' } }));
});

test('on a cluster the option deadLetter refuses another slot than the home has, before anything is connected', async () => {
  const store = createIoredisStore(new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true }));
  const make = (deadLetter: string): unknown => new StreamConsumer({ ...options, store, deadLetter });
  expect(() => make('{b}dead')).toThrow(
    expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'deadLetter' } }),
  );
  expect(make('{a}dead')).toBeInstanceOf(StreamConsumer);
  await store.close();
});

test.each<[string, Record<string, unknown>]>([
  ['retry.attempts', { attempts: 0 }],
  ['retry.attempts', { attempts: 1.5 }],
  ['retry.attempts', { attempts: Number.NaN }],
  ['retry.attempts', { attempts: '3' }],
  ['retry.when', { when: 'retry' }],
  ['retry.when', { when: null }],
  ['retry.maxAttempts', { maxAttempts: 3 }],
])('a wrong %s is refused by name', (option, retry) => {
  const make = (): unknown => new StreamConsumer({ ...options, store: memory, retry } as StreamConsumerOptions);
  expect(make).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option } }));
});

test('a message that fails for the last time while the consumer stops is left for the next start', async () => {
  const store = createMemoryStore();
  store.add('{a}in', { n: 1 });
  const running = deferred();
  const gate = deferred();
  const consumer = new StreamConsumer({
    ...options,
    store,
    deadLetter: '{a}dead',
    retry: { attempts: 1 },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    handler: async () => {
      running.resolve();
      await gate.promise;
      throw new Error('no');
    },
  });
  await consumer.start();
  await running.promise;
  const stopped = consumer.stop();
  gate.resolve();
  await stopped;
  expect(store.entries('{a}dead')).toEqual([]);
  const next = new StreamConsumer({ ...options, store, deadLetter: '{a}dead' });
  await next.start();
  await next.caughtUp();
  await next.stop();
  expect(next.stats()).toMatchObject({ messages: 1, deadLetters: 0 });
  expect(await failureOf(consumer.caughtUp())).toMatchObject({ code: 'ARS_STOPPED' });
});
