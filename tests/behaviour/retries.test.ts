import { isArsError } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { expectLedger, ledgerOf } from './support/ledger.js';

describeStores((kit) => {
  test('a message that failed is handled again, and counts once', async () => {
    await kit.addNumbers('in', 1, 30);
    const { state, handler } = ledgerOf(kit);
    const failures = new Map<string, number>();
    const consumer = await kit.started({
      state,
      handler: (message, transaction) => {
        handler(message, transaction);
        const failed = failures.get(message['n']!) ?? 0;
        failures.set(message['n']!, failed + 1);
        if (failed < Number(message['n']) % 3) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    await expectLedger(kit, 30);
  });

  test('transaction.entry.attempt counts the failures of this message alone', async () => {
    await kit.addNumbers('in', 1, 3);
    const attempts: string[] = [];
    const consumer = await kit.started({
      handler: ({ n }, { entry }) => {
        attempts.push(`${n}:${entry.attempt}`);
        if (n === '2' && entry.attempt < 4) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    expect(attempts).toEqual(['1:1', '2:1', '2:2', '2:3', '2:4', '3:1']);
  });

  test('the count survives a restart from the second failure on', async () => {
    await kit.addNumbers('in', 1, 1);
    let failures = 0;
    const failing = await kit.started({
      handler: () => {
        failures += 1;
        throw new Error('always');
      },
    });
    await nextEvent(failing, 'retry', ({ attempt }) => attempt >= 3);
    await failing.stop();

    const attempt = deferred<number>();
    const second = await kit.started({ handler: (_, { entry }) => attempt.resolve(entry.attempt) });
    expect(await attempt.promise).toBe(failures + 1);
    await second.caughtUp();
    await second.stop();

    await kit.addNumbers('in', 2, 2);
    const next = deferred<number>();
    await kit.started({ handler: (_, { entry }) => next.resolve(entry.attempt) });
    expect(await next.promise).toBe(1);
  });

  test('each retry is told with its attempt, its delay and the error', async () => {
    const [id] = await kit.addNumbers('in', 1, 1);
    const error = new Error('not yet');
    const retries: unknown[] = [];
    const consumer = kit.consumer({
      retry: { minDelayMs: 4, maxDelayMs: 8 },
      handler: (_, { entry }) => {
        if (entry.attempt < 5) throw error;
      },
    });
    consumer.on('retry', ({ delayMs, ...rest }) => {
      retries.push(rest);
      expect(delayMs).toBeGreaterThanOrEqual(2);
      expect(delayMs).toBeLessThanOrEqual(8);
    });
    await consumer.start();
    await consumer.caughtUp();
    const stream = kit.name('in');
    expect(retries).toEqual([1, 2, 3, 4].map((attempt) => ({ stream, id, attempt, error })));
  });

  test('retry.attempts ends the consumer with what the handler threw; earlier messages are committed', async () => {
    const ids = await kit.addNumbers('in', 1, 6);
    const { state, handler } = ledgerOf(kit);
    const cause = new RangeError('broken');
    let calls = 0;
    const consumer = await kit.started({
      state,
      retry: { attempts: 3 },
      handler: (message, transaction) => {
        handler(message, transaction);
        if (message['n'] !== '5') return;
        calls += 1;
        throw cause;
      },
    });
    const error = await failureOf(consumer.closed);
    expect(isArsError(error, 'ARS_HANDLER')).toBe(true);
    expect(error).toMatchObject({ cause, details: { stream: kit.name('in'), consumer: 'consumer', entry: ids[4] } });
    expect(calls).toBe(3);
    expect(consumer.state.count).toBe(4);
    expect(await kit.values('out')).toEqual(['1', '2', '3', '4']);
    const keys = { consumerId: 'consumer', scope: kit.name('in') };
    expect((await kit.backend.moment(keys, kit.name('out'))).position).toBe(ids[3]);
  });

  test.each([
    [
      'at once',
      (error: Error) => {
        throw error;
      },
    ],
    [
      'later',
      async (error: Error) => {
        throw error;
      },
    ],
  ])('the failure that ends a consumer is counted as well when it fails %s', async (_, fail) => {
    await kit.addNumbers('in', 1, 1);
    const attempts: number[] = [];
    for (let round = 0; round < 2; round += 1) {
      const consumer = await kit.started({
        retry: { attempts: 2 },
        handler: (_message, { entry }) => {
          attempts.push(entry.attempt);
          return fail(new Error('always'));
        },
      });
      await failureOf(consumer.closed);
    }
    expect(attempts).toEqual([1, 2, 3]);
  });

  test.each([
    ['an Error', new Error('e')],
    ['a string', 'text'],
    ['nothing', undefined],
    ['null', null],
  ])('%s may be thrown, at once or later', async (_, thrown) => {
    await kit.addNumbers('in', 1, 2);
    const consumer = await kit.started({
      retry: { attempts: 2 },
      handler: ({ n }, { entry }) => {
        if (n === '1' && entry.attempt === 1) throw thrown;
        return n === '2' ? Promise.reject(thrown) : undefined;
      },
    });
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({ code: 'ARS_HANDLER' });
    expect((error as Error).cause).toBe(thrown === null ? null : thrown);
  });

  test('from the fifth retry on, retries are logged as errors', async () => {
    await kit.addNumbers('in', 1, 1);
    const consumer = await kit.started({
      handler: (_, { entry }) => {
        if (entry.attempt < 8) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    expect(kit.logger.texts('error')).toHaveLength(3);
  });

  test('a message that is retried holds back those after it', async () => {
    await kit.addNumbers('in', 1, 3);
    const gate = deferred();
    const seen: string[] = [];
    let mayPass = false;
    const consumer = await kit.started({
      handler: ({ n }, { entry }) => {
        if (n === '2' && !mayPass) {
          if (entry.attempt === 5) gate.resolve();
          throw new Error('not yet');
        }
        seen.push(n!);
      },
    });
    await gate.promise;
    expect(seen).toEqual(['1']);
    mayPass = true;
    await consumer.caughtUp();
    expect(seen).toEqual(['1', '2', '3']);
  });
});
