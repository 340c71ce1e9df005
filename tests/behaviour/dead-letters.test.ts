import {
  type ArsErrorCode,
  type Fields,
  isArsError,
  StoreUnavailableError,
  systemEnvironment,
  type Transaction,
} from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { numbers } from './support/ledger.js';
import { ADDED_FIELDS, letters, rawFields } from './support/raw-fields.js';

type State = { count: number; nested: { seen: string[]; byKind: Record<string, { hits: number }> } };

const initial = (): State => ({ count: 0, nested: { seen: [], byKind: {} } });

function unreadable(): string {
  throw new TypeError('not to be read');
}

/** Changes the state at every depth before it may fail. */
function enter({ n, kind = 'x' }: Fields, { state }: Transaction<State>): void {
  state.count += 1;
  state.nested.seen.push(n!);
  state.nested.byKind[kind] ??= { hits: 0 };
  state.nested.byKind[kind].hits += 1;
}

describeStores((kit) => {
  const dead = () => kit.name('dead');
  const keys = () => ({ consumerId: 'consumer', scope: kit.name('in') });

  /** Enters every number, publishes it, and throws for some afterwards. */
  const failingAt = (...failing: string[]) => ({
    state: initial,
    deadLetter: dead(),
    handler: (message: Fields, transaction: Transaction<State>): void => {
      enter(message, transaction);
      transaction.publish(kit.name('out'), { n: message['n']! });
      if (failing.includes(message['n']!)) throw new RangeError(`cannot take ${message['n']}`);
    },
  });

  test('a dead letter has the original fields, every byte and every repetition, and behind them seven more', async () => {
    const original = ['n', '1', '', '', 'twice', 'a', 'twice', 'b', 'ars:reason', 'mine', 'ars:time', 'x', 'é', '\0'];
    const id = await kit.backend.addBytes(kit.name('in'), original);
    const consumer = await kit.started({
      ...failingAt('1'),
      environment: { ...systemEnvironment, wallClock: () => 1_234_567 },
    });
    await consumer.caughtUp();
    expect(await rawFields(kit, 'dead')).toEqual([
      [
        ...original,
        'ars:reason',
        'RangeError: cannot take 1',
        'ars:code',
        'ARS_HANDLER',
        'ars:attempts',
        '5',
        'ars:consumer',
        'consumer',
        'ars:stream',
        kit.name('in'),
        'ars:id',
        id,
        'ars:time',
        '1234567',
      ],
    ]);
  });

  test('bytes that are no text, in names and values, arrive as they were, after one try', async () => {
    const bytes = Uint8Array.of(0xff, 0x00, 0xfe, 0x80);
    const name = Uint8Array.of(0xc3, 0x28);
    const original = ['n', bytes, name, 'text', 'empty', '', 'n', Uint8Array.of(0xed, 0xa0, 0x80)];
    await kit.backend.addBytes(kit.name('in'), original);
    let calls = 0;
    const consumer = await kit.started({ deadLetter: dead(), handler: () => (calls += 1) });
    await consumer.caughtUp();
    const [letter] = await letters(kit);
    expect(letter!.original).toEqual(original);
    expect(letter!.added).toMatchObject({ 'ars:code': 'ARS_MESSAGE_VALIDATION', 'ars:attempts': '1' });
    expect(Object.keys(letter!.added)).toEqual(ADDED_FIELDS.map((added) => `ars:${added}`));
    expect(calls).toBe(0);
  });

  test('of the message nothing else remains: no state at any depth, no output, no callback; all around it commit', async () => {
    await kit.addNumbers('in', 1, 30);
    const callbacks: string[] = [];
    const failing = failingAt('1', '7', '8', '30');
    const consumer = await kit.started({
      ...failing,
      handler: (message: Fields, transaction: Transaction<State>) => {
        transaction.afterCommit(() => void callbacks.push(message['n']!));
        failing.handler(message, transaction);
      },
    });
    await consumer.caughtUp();
    const rest = numbers(1, 30).filter((n) => !['1', '7', '8', '30'].includes(n));
    expect(consumer.state).toEqual({ count: 26, nested: { seen: rest, byKind: { x: { hits: 26 } } } });
    expect(await kit.values('out')).toEqual(rest);
    expect(await kit.values('dead')).toEqual(['1', '7', '8', '30']);
    await consumer.stop();
    expect(callbacks).toEqual(rest);
    const next = await kit.started(failing);
    expect(next.state).toEqual(consumer.state);
    expect(next.stats().messages).toBe(0);
  });

  test('when nothing but dead letters was ever committed, the state is its default, also after a restart', async () => {
    await kit.addNumbers('in', 1, 3);
    const consumer = await kit.started(failingAt('1', '2', '3'));
    await consumer.caughtUp();
    expect(consumer.state).toEqual(initial());
    await consumer.stop();
    const { attributes, outputs, position } = await kit.backend.moment(keys(), kit.name('out'));
    expect(outputs).toEqual([]);
    expect(position).toBe((await kit.entries('in'))[2]!.id);
    for (const [name, value] of Object.entries(attributes)) {
      expect(JSON.parse(value), name).toEqual(initial()[name as keyof State]);
    }
    expect((await kit.started(failingAt())).state).toEqual(initial());
  });

  test.each([
    [undefined, 5],
    [1, 1],
    [3, 3],
  ])('with retry.attempts %s a message is handled %s times', async (attempts, expected) => {
    await kit.addNumbers('in', 1, 2);
    let calls = 0;
    const consumer = await kit.started({
      deadLetter: dead(),
      retry: attempts === undefined ? {} : { attempts },
      handler: ({ n }: Fields) => {
        if (n !== '1') return;
        calls += 1;
        throw new Error('always');
      },
    });
    await consumer.caughtUp();
    expect(calls).toBe(expected);
    expect((await letters(kit)).map(({ added }) => added['ars:attempts'])).toEqual([String(expected)]);
  });

  test.each([
    ['without dead letters', () => ({})],
    ['with attempts: Infinity', () => ({ deadLetter: dead(), retry: { attempts: Infinity } })],
  ])('%s a message is tried for ever', async (_, options) => {
    await kit.addNumbers('in', 1, 1);
    const consumer = kit.consumer({ ...options(), handler: () => Promise.reject(new Error('always')) });
    const twelfth = nextEvent(consumer, 'retry', ({ attempt }) => attempt === 12);
    await consumer.start();
    await twelfth;
    expect(await kit.entries('dead')).toEqual([]);
    expect(consumer.stats()).toMatchObject({ messages: 0, deadLetters: 0 });
  });

  test('the event comes once, not before the commit that holds the dead letter was acknowledged', async () => {
    await kit.addNumbers('in', 1, 2);
    const [gate, sent] = [deferred(), deferred()];
    const store = intercepted(kit.store, async (call, proceed) => {
      if (call !== 'commit') return proceed();
      const answer = await proceed();
      if ((await kit.entries('dead')).length > 0) sent.resolve();
      await gate.promise;
      return answer;
    });
    const error = new Error('no');
    const consumer = kit.consumer({
      store,
      deadLetter: dead(),
      retry: { attempts: 1 },
      handler: ({ n }) => {
        if (n === '2') throw error;
      },
    });
    const events: unknown[] = [];
    consumer.on('deadLetter', (event) => void events.push(event));
    await consumer.start();
    const [, second] = await kit.entries('in');
    await sent.promise.then(() => expect([events, consumer.stats().deadLetters]).toEqual([[], 0]));
    gate.resolve();
    await consumer.caughtUp();
    await consumer.stop();
    const code = 'ARS_HANDLER';
    expect(events).toEqual([{ stream: kit.name('in'), id: second!.id, deadLetter: dead(), attempts: 1, code, error }]);
    expect((events[0] as { error: unknown }).error).toBe(error);
    expect(consumer.stats()).toMatchObject({ messages: 2, deadLetters: 1, publishes: 1, failures: 1 });
    expect(kit.logger.texts('error')).toHaveLength(1);
  });

  test('the answer to the commit of a dead letter is lost: it is there once, and told of once', async () => {
    await kit.addNumbers('in', 1, 8);
    let lost = 0;
    const store = intercepted(kit.store, async (call, proceed) => {
      const answer = await proceed();
      if (call !== 'commit' || (lost += 1) > 6) return answer;
      throw new StoreUnavailableError('the answer was lost', { reason: 'CONNECTION', ran: 'unknown' });
    });
    const consumer = kit.consumer({ ...failingAt('2', '4', '8'), store });
    const told: string[] = [];
    consumer.on('deadLetter', ({ id }) => void told.push(id));
    await consumer.start();
    await consumer.caughtUp();
    const ids = (await kit.entries('in')).map(({ id }) => id);
    expect(told).toEqual([ids[1], ids[3], ids[7]]);
    expect(await kit.values('dead')).toEqual(['2', '4', '8']);
    expect(await kit.values('out')).toEqual(['1', '3', '5', '6', '7']);
    expect(consumer.state.nested.seen).toEqual(['1', '3', '5', '6', '7']);
    expect(lost).toBeGreaterThan(1);
  });

  const HOPELESS: [what: string, code: ArsErrorCode, act: (transaction: Transaction<State>) => unknown][] = [
    ['a Date under strict JSON', 'ARS_SERIALIZATION', ({ state }) => Object.assign(state.nested, { at: new Date(0) })],
    ['NaN', 'ARS_SERIALIZATION', ({ state }) => (state.count = Number.NaN)],
    ['a publish without fields', 'ARS_MESSAGE_VALIDATION', (transaction) => transaction.publish(kit.name('out'), {})],
    [
      'a publish beyond the bounds',
      'ARS_MESSAGE_VALIDATION',
      (transaction) => {
        const mebibytes = 'x'.repeat(8 * 1024 * 1024);
        for (let n = 0; n < 3; n += 1) transaction.publish(kit.name('out'), { mebibytes });
      },
    ],
    ['an attribute deleted', 'ARS_CONFIGURATION', ({ state }) => Reflect.deleteProperty(state, 'count')],
  ];

  test.each(HOPELESS)('%s goes to the dead letters at once, with %s and one attempt', async (_, code, act) => {
    await kit.addNumbers('in', 1, 5);
    const { state, deadLetter } = failingAt();
    const asked: unknown[] = [];
    const consumer = await kit.started<State>({
      state,
      deadLetter,
      retry: { when: (error) => (asked.push(error), 'retry') },
      handler: (message, transaction) => {
        enter(message, transaction);
        if (message['n'] === '3') act(transaction);
      },
    });
    await consumer.caughtUp();
    const [letter, ...others] = await letters(kit);
    expect(others).toEqual([]);
    expect(letter!.original).toEqual(['n', '3']);
    expect(letter!.added).toMatchObject({ 'ars:code': code, 'ars:attempts': '1' });
    expect(consumer.state.nested.seen).toEqual(['1', '2', '4', '5']);
    expect(await kit.entries('out')).toEqual([]);
    expect(asked).toEqual([]);
  });

  test.each<[what: string, thrown: unknown, reason: RegExp]>([
    ['a string', 'plain text', /^plain text$/],
    ['nothing', undefined, /type undefined/],
    ['null', null, /type object/],
    ['a symbol', Symbol('s'), /type symbol/],
    ['half a character', 'a\ud800b', /^a\ufffdb$/],
    ['a long text', 'x'.repeat(5_000), /^x{1000}$/],
    ['an empty text', '', /^$/],
    ['an error that cannot be read', Object.defineProperty(new Error('x'), 'message', { get: unreadable }), /./],
    ['an error whose text is a symbol', Object.assign(new Error('x'), { message: Symbol('s') }), /./],
  ])('%s may be thrown: it becomes a reason and blocks nothing', async (_, thrown, reason) => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started({
      deadLetter: dead(),
      retry: { attempts: 2 },
      handler: ({ n }) => {
        if (n === '1') throw thrown;
      },
    });
    await Promise.race([consumer.caughtUp(), consumer.closed]);
    const [letter] = await letters(kit);
    expect(letter!.added['ars:reason']).toMatch(reason);
    expect(letter!.added).toMatchObject({ 'ars:code': 'ARS_HANDLER', 'ars:attempts': '2' });
  });

  test('the count of a message goes on after a restart, and is what the dead letter says', async () => {
    await kit.addNumbers('in', 1, 3);
    const attempts: number[] = [];
    const options = {
      deadLetter: dead(),
      retry: { attempts: 6 },
      handler: ({ n }: Fields, { entry }: Transaction<object>) => {
        if (n !== '2') return;
        attempts.push(entry.attempt);
        throw new Error('always');
      },
    };
    const first = kit.consumer({ ...options, retry: { attempts: 6, minDelayMs: 60_000, maxDelayMs: 60_000 } });
    await first.start();
    await first.stop();
    const second = kit.consumer(options);
    const third = nextEvent(second, 'retry', ({ attempt }) => attempt === 3);
    await second.start();
    await third;
    await second.stop();
    const last = await kit.started(options);
    await last.caughtUp();
    expect(attempts.length).toBeLessThanOrEqual(7);
    expect(attempts.at(-1)).toBe(6);
    expect(attempts.filter((attempt) => attempt > 1)).toEqual([2, 3, 4, 5, 6]);
    expect((await letters(kit)).map(({ added }) => added['ars:attempts'])).toEqual(['6']);
  });

  test('a consumer whose last message went to the dead letters does not see it again', async () => {
    await kit.addNumbers('in', 1, 1);
    const options = failingAt('1');
    for (let round = 0; round < 3; round += 1) {
      const consumer = await kit.started(options);
      await consumer.caughtUp();
      expect(consumer.stats().deadLetters).toBe(round === 0 ? 1 : 0);
      await consumer.stop();
    }
    expect(await kit.values('dead')).toEqual(['1']);
  });

  test('without dead letters the same failures end the consumer, and nothing is published', async () => {
    await kit.addNumbers('in', 1, 3);
    const { state, handler } = failingAt('2');
    const consumer = await kit.started({ state, handler, retry: { attempts: 2 } });
    expect(isArsError(await failureOf(consumer.closed), 'ARS_HANDLER')).toBe(true);
    expect(await kit.entries('dead')).toEqual([]);
    expect(consumer.state.nested.seen).toEqual(['1']);
  });
});
