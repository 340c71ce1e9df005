import type { Fields, Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf, nextEvent } from './support/deferred.js';
import { letters } from './support/raw-fields.js';

type Verdict = 'retry' | 'dead-letter' | 'stop';

describeStores((kit) => {
  /** A handler that throws the same for message 2, as often as `times`. */
  const failing = (error: unknown, times = Infinity) => {
    const attempts: number[] = [];
    const handler = ({ n }: Fields, { entry }: Transaction<object>): void => {
      if (n !== '2' || attempts.length >= times) return;
      attempts.push(entry.attempt);
      throw error;
    };
    return { handler, attempts };
  };
  const dead = () => kit.name('dead');
  const lastPosition = async () =>
    (await kit.backend.moment({ consumerId: 'consumer', scope: kit.name('in') }, kit.name('out'))).position;

  test('retry.when is asked after each failure, with what was thrown and the number of failures from 1 on', async () => {
    await kit.addNumbers('in', 1, 3);
    const error = new RangeError('mine');
    const asked: [unknown, number][] = [];
    const { handler } = failing(error, 3);
    const consumer = await kit.started({
      handler,
      retry: { when: (thrown, attempt) => (asked.push([thrown, attempt]), 'retry') },
    });
    await consumer.caughtUp();
    expect(asked.map(([, attempt]) => attempt)).toEqual([1, 2, 3]);
    for (const [thrown] of asked) expect(thrown).toBe(error);
  });

  test('the number goes on after a restart', async () => {
    await kit.addNumbers('in', 1, 2);
    const { handler } = failing(new Error('always'));
    const first = kit.consumer({ handler });
    const third = nextEvent(first, 'retry', ({ attempt }) => attempt === 3);
    await first.start();
    await third;
    await first.stop();
    const seen: number[] = [];
    const second = kit.consumer({
      handler,
      deadLetter: dead(),
      retry: { attempts: 100, when: (_, attempt) => (seen.push(attempt) >= 2 ? 'dead-letter' : 'retry') },
    });
    await second.start();
    await second.caughtUp();
    // The failure on whose heels the stop came may be missing.
    expect(seen[0]).toBeGreaterThanOrEqual(3);
    expect(seen[1]).toBe(seen[0]! + 1);
  });

  test("'stop' ends the consumer at once, with what was thrown as the cause, though there are dead letters", async () => {
    const ids = await kit.addNumbers('in', 1, 3);
    const cause = new RangeError('mine');
    const { handler, attempts } = failing(cause);
    const consumer = await kit.started({ handler, deadLetter: dead(), retry: { when: () => 'stop' } });
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({
      code: 'ARS_HANDLER',
      details: { stream: kit.name('in'), consumer: 'consumer', entry: ids[1] },
    });
    expect((error as Error).cause).toBe(cause);
    expect(attempts).toEqual([1]);
    expect(await lastPosition()).toBe(ids[0]);
    expect(await kit.entries('dead')).toEqual([]);
  });

  test("'dead-letter' puts the message aside before its attempts are used up", async () => {
    await kit.addNumbers('in', 1, 3);
    const { handler, attempts } = failing(new RangeError('mine'));
    const consumer = await kit.started({
      handler,
      deadLetter: dead(),
      retry: { attempts: 50, when: (_, attempt) => (attempt === 3 ? 'dead-letter' : 'retry') },
    });
    await consumer.caughtUp();
    expect(attempts).toEqual([1, 2, 3]);
    expect((await letters(kit)).map(({ added }) => added['ars:attempts'])).toEqual(['3']);
  });

  test("'dead-letter' without dead letters ends the consumer; the message is handled again after the next start", async () => {
    const ids = await kit.addNumbers('in', 1, 3);
    const cause = new RangeError('mine');
    const { handler, attempts } = failing(cause, 1);
    const consumer = await kit.started({ handler, retry: { when: () => 'dead-letter' } });
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_HANDLER', cause });
    expect(await lastPosition()).toBe(ids[0]);
    const next = await kit.started({ handler });
    await next.caughtUp();
    expect(attempts).toHaveLength(1);
    expect(await lastPosition()).toBe(ids[2]);
  });

  test("'retry' does not go beyond retry.attempts", async () => {
    await kit.addNumbers('in', 1, 2);
    const { handler, attempts } = failing(new Error('always'));
    const consumer = await kit.started({ handler, deadLetter: dead(), retry: { attempts: 4, when: () => 'retry' } });
    await consumer.caughtUp();
    expect(attempts).toEqual([1, 2, 3, 4]);
    expect(await kit.values('dead')).toEqual(['2']);
  });

  test('it may decide by the kind of what was thrown, message by message', async () => {
    await kit.addNumbers('in', 1, 6);
    const consumer = await kit.started({
      deadLetter: dead(),
      retry: { when: (error) => (error instanceof RangeError ? 'dead-letter' : 'retry') },
      handler: ({ n }, { entry }) => {
        if (Number(n) % 2 === 0) throw new RangeError(n);
        if (entry.attempt < 3) throw new TypeError(n);
      },
    });
    await consumer.caughtUp();
    const found = await letters(kit);
    expect(found.map(({ original }) => original[1])).toEqual(['2', '4', '6']);
    expect(found.map(({ added }) => added['ars:attempts'])).toEqual(['1', '1', '1']);
  });

  const broken = (): Verdict => {
    throw new Error('when itself is broken');
  };

  test('one that throws is taken for a final failure and logged: the message is put aside', async () => {
    await kit.addNumbers('in', 1, 3);
    const { handler, attempts } = failing(new Error('always'));
    const consumer = await kit.started({ handler, deadLetter: dead(), retry: { when: broken } });
    await consumer.caughtUp();
    expect(attempts).toEqual([1]);
    expect(await kit.values('dead')).toEqual(['2']);
    expect(kit.logger.texts('error').some((text) => text.includes('retry.when'))).toBe(true);
  });

  test('one that throws ends the consumer without dead letters, with what the handler threw', async () => {
    await kit.addNumbers('in', 1, 3);
    const cause = new RangeError('mine');
    const { handler } = failing(cause);
    const consumer = await kit.started({ handler, retry: { when: broken } });
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_HANDLER', cause });
  });

  test.each<[what: string, answer: unknown]>([
    ['nothing', undefined],
    ['true', true],
    ['another word', 'skip'],
    ['a promise', Promise.resolve('dead-letter')],
    ['a promise that rejects', 'rejection'],
  ])('one that answers %s is logged and taken for retry, up to the attempts', async (_, answer) => {
    await kit.addNumbers('in', 1, 3);
    const { handler, attempts } = failing(new Error('always'));
    const when = (): Verdict =>
      (answer === 'rejection' ? Promise.reject(new Error('asynchronous')) : answer) as Verdict;
    const consumer = await kit.started({ handler, deadLetter: dead(), retry: { attempts: 3, when } });
    await consumer.caughtUp();
    expect(attempts).toEqual([1, 2, 3]);
    expect(await kit.values('dead')).toEqual(['2']);
    expect(kit.logger.texts('error').some((text) => text.includes('retry.when'))).toBe(true);
  });

  test.each<[what: string, act: (transaction: Transaction<{ value: unknown }>) => unknown]>([
    ['an invalid publish', (transaction) => transaction.publish('{x}', {})],
    ['what cannot be stored', ({ state }) => (state.value = new Map())],
  ])('it is not asked about %s, which nothing mends', async (_, act) => {
    await kit.addNumbers('in', 1, 3);
    let asked = 0;
    const consumer = await kit.started<{ value: unknown }>({
      state: { value: 0 },
      deadLetter: dead(),
      retry: { when: () => ((asked += 1), 'stop') },
      handler: ({ n }, transaction) => (n === '2' ? act(transaction) : undefined),
    });
    await consumer.caughtUp();
    expect(asked).toBe(0);
    expect(await kit.values('dead')).toEqual(['2']);
  });

  test('it is not asked about an entry that is no message', async () => {
    await kit.backend.addBytes(kit.name('in'), ['n', Uint8Array.of(0xff)]);
    let asked = 0;
    const consumer = await kit.started({
      retry: { when: () => ((asked += 1), 'retry') },
      handler: () => {},
    });
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
    expect(asked).toBe(0);
  });
});
