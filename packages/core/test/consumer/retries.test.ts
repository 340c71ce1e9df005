import { beforeEach, expect, test } from 'vitest';
import { EventHub } from '../../src/consumer/events.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import { Retries } from '../../src/consumer/retries.js';
import { systemEnvironment } from '../../src/domain/environment.js';
import { MessageValidationError, StreamGapError } from '../../src/domain/errors.js';
import type { Delivery } from '../../src/transaction/delivery.js';

const message = (id: string): Delivery => ({
  stream: 'in',
  id,
  fields: [],
  read: 1,
  gap: undefined,
  prepared: undefined,
});
const gapAfter = (id: string): Delivery => ({
  ...message(id),
  gap: { stream: 'in', lost: 1, after: id, upTo: '9-0' },
});

let timers: (() => void)[];
let logged: string[];
beforeEach(() => {
  timers = [];
  logged = [];
});

const logger = { debug() {}, info() {}, warn() {}, error: (text: string) => void logged.push(text) };

/** Retries under a plan of which only what they look at is there; timers run when the test says so. */
function retriesOf(changes: Partial<ConsumerPlan> = {}, retry: Partial<ConsumerPlan['retry']> = {}): Retries {
  const environment = {
    ...systemEnvironment,
    after: (_: number, callback: () => void) => {
      timers.push(callback);
      return () => void (timers = timers.filter((timer) => timer !== callback));
    },
  };
  const plan = {
    address: { consumerId: 'c' },
    concurrency: 1,
    deadLetter: undefined,
    logger,
    environment,
    retry: { attempts: 3, minDelayMs: 1, maxDelayMs: 2, when: () => 'retry', ...retry },
    ...changes,
  } as unknown as ConsumerPlan;
  return new Retries(plan, new EventHub(logger), () => {});
}

const failure = new Error('no');
const verdicts = (retries: Retries, delivery: Delivery, times: number): string[] =>
  Array.from({ length: times }, () => retries.fail(delivery, failure, false).verdict);

test('attempts are used up, then the message goes to the dead letters, or ends the consumer without them', () => {
  expect(verdicts(retriesOf(), message('1-0'), 3)).toEqual(['retry', 'retry', 'stop']);
  const retries = retriesOf({ deadLetter: 'dead' });
  expect(verdicts(retries, message('1-0'), 3)).toEqual(['retry', 'retry', 'dead-letter']);
  expect(retries.attemptOf(message('1-0'))).toBe(4);
  expect(timers).toEqual([]);
});

test('what nothing mends is final at once, and nobody is asked', () => {
  const when = (): never => expect.unreachable('not asked');
  const hopeless = new MessageValidationError('bad');
  expect(retriesOf({}, { when }).fail(message('1-0'), hopeless, false).verdict).toBe('stop');
  expect(retriesOf({ deadLetter: 'dead' }, { when }).fail(message('1-0'), hopeless, false)).toEqual({
    verdict: 'dead-letter',
    attempts: 1,
  });
});

test('a gap is never a dead letter, and one that may not be skipped is not retried', () => {
  const retries = retriesOf({ deadLetter: 'dead' });
  expect(retries.fail(gapAfter('1-0'), new StreamGapError('lost'), false).verdict).toBe('stop');
  expect(verdicts(retriesOf({ deadLetter: 'dead' }), gapAfter('1-0'), 3)).toEqual(['retry', 'retry', 'stop']);
});

test('a gap and the message before it, whose ID it has, count their failures apart', () => {
  const retries = retriesOf({ concurrency: 4 });
  verdicts(retries, message('1-0'), 2);
  expect([retries.attemptOf(gapAfter('1-0')), retries.isWaiting(gapAfter('1-0'))]).toEqual([1, false]);
  verdicts(retries, gapAfter('1-0'), 1);
  expect([retries.attemptOf(message('1-0')), retries.attemptOf(gapAfter('1-0'))]).toEqual([3, 2]);
  retries.succeeded([message('1-0')]);
  expect([retries.attemptOf(message('1-0')), retries.attemptOf(gapAfter('1-0'))]).toEqual([1, 2]);
});

test('a failing gap is put on record once, not with every commit for ever', () => {
  const retries = retriesOf();
  verdicts(retries, gapAfter('1-0'), 2);
  expect(retries.isUnrecorded).toBe(true);
  const attempt = retries.recordWith([]);
  expect(attempt).toEqual({ stream: 'in', id: '1-0', count: 2 });
  retries.recorded(attempt);
  expect(retries.isUnrecorded).toBe(false);
  const next = retriesOf();
  next.restart(attempt);
  next.succeeded([gapAfter('1-0')]);
  expect(next.recordWith([])).toBeUndefined();
});

test('a failure since the commit was sent is not taken for recorded', () => {
  const retries = retriesOf({}, { attempts: 9 });
  verdicts(retries, message('1-0'), 2);
  const sent = retries.recordWith([]);
  verdicts(retries, message('1-0'), 1);
  retries.recorded(sent);
  expect(retries.isUnrecorded).toBe(true);
  expect(retries.recordWith([])?.count).toBe(3);
  expect(retries.recordWith([message('1-0')])).toBeUndefined();
});

test('the first failure is worth no write; while stopping nothing is judged and nothing waits', () => {
  const retries = retriesOf({ deadLetter: 'dead' }, { attempts: 1 });
  expect(retries.fail(message('1-0'), failure, true).verdict).toBe('retry');
  expect([retries.isUnrecorded, retries.isAnyWaiting, timers.length]).toEqual([false, false, 0]);
});

test.each([['dead-letter' as const], ['stop' as const]])('%s without dead letters ends the consumer', (answer) => {
  expect(retriesOf({}, { when: () => answer }).fail(message('1-0'), failure, false).verdict).toBe('stop');
});

test('when is told what was thrown and how often, also after a restart', () => {
  const asked: unknown[] = [];
  const retries = retriesOf({}, { attempts: 99, when: (...given) => (asked.push(given), 'retry') });
  retries.restart({ stream: 'in', id: '1-0', count: 6 });
  verdicts(retries, message('1-0'), 1);
  verdicts(retries, message('2-0'), 1);
  expect(asked).toEqual([
    [failure, 7],
    [failure, 1],
  ]);
});

test('when that throws is a final failure; nonsense is a retry; both are logged', () => {
  const broken = (): never => {
    throw new Error('when');
  };
  expect(retriesOf({ deadLetter: 'dead' }, { when: broken }).fail(message('1-0'), failure, false)).toEqual({
    verdict: 'dead-letter',
    attempts: 1,
  });
  const nonsense = (): never => 7 as never;
  expect(verdicts(retriesOf({}, { when: nonsense }), message('1-0'), 3)).toEqual(['retry', 'retry', 'stop']);
  expect(logged.filter((text) => text.includes('retry.when'))).toHaveLength(4);
});

test('a failure on record of what the position has passed is over after a restart, any other one counts on', () => {
  const attempt = { stream: 'in', id: '5-0', count: 4 };
  const restarted = (stream: string, position: string): unknown[] => {
    const retries = retriesOf();
    retries.restart(attempt, [{ stream, position, read: 5 }]);
    return [retries.recordWith([]), retries.attemptOf(message('5-0'))];
  };
  // A gap is recorded by the ID of the message before it, which is committed then.
  expect(restarted('in', '5-0')).toEqual([undefined, 1]);
  expect(restarted('in', '6-0')).toEqual([undefined, 1]);
  expect(restarted('in', '4-0')).toEqual([attempt, 5]);
  expect(restarted('other', '6-0')).toEqual([attempt, 5]);
});
