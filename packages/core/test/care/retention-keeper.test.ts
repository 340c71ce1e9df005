import { beforeEach, expect, test } from 'vitest';
import { RetentionKeeper } from '../../src/care/retention-keeper.js';
import { StoreUnavailableError } from '../../src/domain/errors.js';
import type { Retention } from '../../src/store/stream-care.js';
import { defineStream } from '../../src/transaction/stream-definition.js';
import type { StreamDefinition } from '../../src/transaction/stream-definition.js';
import { Clock, settled } from './clock.js';
import { Notes } from './notes.js';

const orders = defineStream('orders', { retention: 'consumed' });
const aged = defineStream('aged', { retention: { maxAge: 60_000 } });
const again = (name: string): StreamDefinition => ({ ...defineStream(name, { retention: 'consumed' }) });
const away = (reason: string) => new StoreUnavailableError('away', { reason });

let clock: Clock;
let notes: Notes;
let calls: (readonly [stream: string, retention: Retention])[];
/** What the calls answer or reject with, in turn; 0 when there is nothing left. */
let answers: (number | Error)[];
let underWay: number;
let gate: Promise<void> | undefined;

const store = {
  async trim(stream: string, retention: Retention): Promise<number> {
    calls.push([stream, retention]);
    underWay += 1;
    await gate;
    underWay -= 1;
    const answer = answers.shift() ?? 0;
    if (typeof answer === 'number') return answer;
    throw answer;
  },
};

const keeperOf = (hasTimers = true): RetentionKeeper =>
  new RetentionKeeper({ store, environment: clock.environment, logger: notes, hasTimers });

beforeEach(() => {
  clock = new Clock();
  notes = new Notes();
  calls = [];
  answers = [];
  underWay = 0;
  gate = undefined;
});

test('a stream without retention is never trimmed', async () => {
  const keeper = keeperOf();
  const { retention: _, ...plain } = orders;
  keeper.note('orders');
  keeper.note(plain);
  await clock.pass(10_000);
  expect(calls).toEqual([]);
  expect(clock.timers).toBe(0);
});

test('a stream is trimmed at the first note, and at most once a second after that', async () => {
  const keeper = keeperOf();
  for (let ms = 0; ms < 2_990; ms += 10) {
    keeper.note(orders);
    await clock.pass(10);
  }
  expect(calls).toEqual([
    ['orders', 'consumed'],
    ['orders', 'consumed'],
    ['orders', 'consumed'],
  ]);
});

test('a stream that falls idle is trimmed once more after the last note, and then left alone', async () => {
  const keeper = keeperOf();
  keeper.note(orders);
  keeper.note(orders);
  await clock.pass(999);
  expect(calls.length).toBe(1);
  await clock.pass(1);
  expect(calls.length).toBe(2);
  await clock.pass(1_000_000);
  expect(calls.length).toBe(2);
  expect(clock.timers).toBe(0);
});

test('what is too young at the last note is trimmed when it is old enough', async () => {
  const keeper = keeperOf();
  keeper.note(aged);
  await clock.pass(60_999);
  expect(calls.length).toBe(1);
  await clock.pass(1);
  expect(calls.length).toBe(2);
  keeper.note(aged);
  await clock.pass(1_000);
  expect(calls.length).toBe(3);
  await clock.pass(1_000_000);
  expect(calls.length).toBe(4);
  expect(clock.timers).toBe(0);
});

test('a note does not wait for the hour when things are old enough', async () => {
  const keeper = keeperOf();
  keeper.note(aged);
  await clock.pass(30_000);
  keeper.note(aged);
  await settled();
  expect(calls.length).toBe(2);
  await keeper.close();
  expect(clock.timers).toBe(0);
});

test('after a full load the next call follows at once, until one finds less', async () => {
  answers = [10_000, 12_345, 9_999];
  const keeper = keeperOf();
  keeper.note(orders);
  await settled();
  expect(calls.length).toBe(3);
});

test('while something was removed, a call follows a second later, until nothing is left', async () => {
  answers = [100, 1];
  const keeper = keeperOf();
  keeper.note(orders);
  await clock.pass(999);
  expect(calls.length).toBe(1);
  await clock.pass(10_000);
  expect(calls.length).toBe(3);
  expect(clock.timers).toBe(0);
});

test('there are never two calls at a time for one stream, and streams do not wait for each other', async () => {
  let open!: () => void;
  gate = new Promise((resolve) => (open = resolve));
  const keeper = keeperOf();
  keeper.note(orders);
  for (let second = 0; second < 5; second += 1) {
    keeper.note(orders);
    await clock.pass(1_000);
    expect(underWay).toBe(1);
  }
  keeper.note(aged);
  await settled();
  expect(underWay).toBe(2);
  open();
  gate = undefined;
  await clock.pass(1_000);
  expect(calls.map(([stream]) => stream)).toEqual(['orders', 'aged', 'orders']);
});

test('the retention of the latest note counts', async () => {
  const keeper = keeperOf();
  keeper.note(orders);
  keeper.note(defineStream('orders', { retention: { maxLength: 5 } }));
  await clock.pass(1_000);
  expect(calls[1]).toEqual(['orders', { maxLength: 5 }]);
});

test('a failure is logged once, and again after a success; it never reaches the caller', async () => {
  const keeper = keeperOf();
  const bug = new Error('no right to XTRIM');
  answers = [bug, bug, 0, bug];
  for (let call = 0; call < 4; call += 1) {
    keeper.note(orders);
    await clock.pass(1_000);
  }
  const line = 'warn Stream "orders" cannot be trimmed, so it grows. It is tried again.';
  expect(notes.lines).toEqual([line, line]);
});

test('a store that is away is no warning; the call is made up for when it is back', async () => {
  const keeper = keeperOf();
  answers = [away('CONNECTION'), away('TIMEOUT')];
  keeper.note(orders);
  await clock.pass(10_000);
  expect(calls.length).toBe(3);
  expect(notes.lines.every((line) => line.startsWith('debug'))).toBe(true);
  expect(clock.timers).toBe(0);
});

test('a store that was closed is not asked again', async () => {
  const keeper = keeperOf();
  answers = [away('CLOSED')];
  keeper.note(orders);
  await clock.pass(10_000);
  expect(calls.length).toBe(1);
});

test('a store without trim, or a logger that throws, harms nobody', async () => {
  notes.warn = () => {
    throw new Error('full disk');
  };
  const broken = new RetentionKeeper({
    store: {} as typeof store,
    environment: clock.environment,
    logger: notes,
  });
  broken.note(orders);
  await clock.pass(2_000);
  await broken.close();
});

test('closing does what is due, ends every timer and makes later notes idle', async () => {
  const keeper = keeperOf();
  keeper.note(aged);
  for (const name of ['a', 'b']) {
    keeper.note(again(name));
    keeper.note(again(name));
  }
  await settled();
  const closing = keeper.close();
  keeper.note(orders);
  await closing;
  await keeper.close();
  expect(calls.map(([stream]) => stream)).toEqual(['aged', 'a', 'b', 'a', 'b']);
  expect(clock.timers).toBe(0);
});

test('closing waits a second at most for a store that does not answer', async () => {
  gate = new Promise(() => {});
  const keeper = keeperOf();
  keeper.note(orders);
  let isClosed = false;
  void keeper.close().then(() => (isClosed = true));
  await clock.pass(999);
  expect(isClosed).toBe(false);
  await clock.pass(1);
  expect(isClosed).toBe(true);
  expect(clock.timers).toBe(0);
});

test('without timers a stream is trimmed at notes only', async () => {
  const keeper = keeperOf(false);
  keeper.note(orders);
  keeper.note(orders);
  keeper.note(aged);
  await clock.pass(500);
  keeper.note(orders);
  expect(clock.timers).toBe(0);
  await clock.pass(500);
  expect(calls.length).toBe(2);
  keeper.note(orders);
  expect(calls.length).toBe(3);
});
