import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';
import { waitFor } from '../support/wait.js';
import { numbers } from './support/ledger.js';

describeStores((kit) => {
  test('afterCommit runs once per transaction, in the order of the messages', async () => {
    await kit.addNumbers('in', 1, 60);
    const calls: string[] = [];
    const consumer = await kit.started({
      batch: { maxMessages: 7 },
      handler: ({ n }, transaction) => {
        transaction.afterCommit(() => calls.push(`${n}a`));
        transaction.afterCommit(() => calls.push(`${n}b`));
      },
    });
    await consumer.caughtUp();
    await consumer.stop();
    expect(calls).toEqual(numbers(1, 60).flatMap((n) => [`${n}a`, `${n}b`]));
  });

  test('afterCommit runs when the commit is stored, not before', async () => {
    await kit.addNumbers('in', 1, 1);
    const moment = deferred<unknown>();
    const consumer = await kit.started({
      state: { count: 0 },
      handler: (_, transaction) => {
        transaction.state.count += 1;
        const keys = { consumerId: 'consumer', scope: kit.name('in') };
        transaction.afterCommit(() => moment.resolve(kit.backend.moment(keys, kit.name('out'))));
      },
    });
    expect(await moment.promise).toMatchObject({ attributes: { count: '1' } });
    expect(consumer.state.count).toBe(1);
  });

  test('afterCommit of an attempt that failed never runs', async () => {
    await kit.addNumbers('in', 1, 5);
    const calls: string[] = [];
    const consumer = await kit.started({
      handler: ({ n }, transaction) => {
        const { attempt } = transaction.entry;
        transaction.afterCommit(() => calls.push(`${n}#${attempt}`));
        if (attempt <= Number(n) % 3) throw new Error('not yet');
      },
    });
    await consumer.caughtUp();
    await consumer.stop();
    expect(calls).toEqual(['1#2', '2#3', '3#1', '4#2', '5#3']);
  });

  test('an afterCommit that fails is logged and changes nothing', async () => {
    await kit.addNumbers('in', 1, 3);
    const failure = new Error('mail server away');
    const calls: string[] = [];
    const consumer = await kit.started({
      handler: ({ n }, transaction) => {
        transaction.afterCommit(() => {
          calls.push(n!);
          if (n === '1') throw failure;
          return n === '2' ? Promise.reject(failure) : undefined;
        });
      },
    });
    await consumer.caughtUp();
    await consumer.stop();
    await consumer.closed;
    expect(calls).toEqual(['1', '2', '3']);
    const errors = kit.logger.lines.filter(({ level }) => level === 'error');
    expect(errors.map(({ details }) => details)).toEqual([failure, failure]);
  });

  test('messages wait while ten thousand callbacks are waiting, and go on once some have settled', async () => {
    await kit.addNumbers('in', 1, 300);
    const gate = deferred();
    const calls: string[] = [];
    let handled = 0;
    const consumer = await kit.started({
      batch: { maxMessages: 10 },
      handler: ({ n }, transaction) => {
        handled += 1;
        for (let call = 0; call < 100; call += 1)
          transaction.afterCommit(async () => {
            await gate.promise;
            calls.push(`${n}:${call}`);
          });
      },
    });
    await waitFor(() => handled >= 100 && consumer.stats().messages === handled, 'what was handled to be committed');
    for (let turn = 0; turn < 100; turn += 1) await new Promise(setImmediate);
    expect(handled).toBeLessThanOrEqual(120);
    expect(calls).toEqual([]);
    expect(kit.logger.texts('warn')).toEqual([expect.stringContaining('afterCommit callbacks wait')]);
    gate.resolve();
    await consumer.caughtUp();
    await consumer.stop();
    expect(handled).toBe(300);
    expect(calls).toEqual(numbers(1, 300).flatMap((n) => Array.from({ length: 100 }, (_, call) => `${n}:${call}`)));
  });

  test('asynchronous callbacks run one after another and hold no message back', async () => {
    await kit.addNumbers('in', 1, 3);
    const gate = deferred();
    const calls: string[] = [];
    const consumer = await kit.started({
      handler: ({ n }, transaction) =>
        transaction.afterCommit(async () => {
          if (n === '1') await gate.promise;
          calls.push(n!);
        }),
    });
    await consumer.caughtUp();
    expect(calls).toEqual([]);
    gate.resolve();
    await consumer.stop();
    expect(calls).toEqual(['1', '2', '3']);
  });

  test('callbacks of committed messages still run when a later message ends the consumer', async () => {
    await kit.addNumbers('in', 1, 3);
    const calls: string[] = [];
    const consumer = await kit.started({
      retry: { attempts: 1 },
      handler: ({ n }, transaction) => {
        transaction.afterCommit(() => calls.push(n!));
        if (n === '3') throw new Error('ends it');
      },
    });
    await failureOf(consumer.closed);
    expect(calls).toEqual(['1', '2']);
  });

  test('afterCommit takes a function', async () => {
    await kit.addNumbers('in', 1, 1);
    const refused = deferred<unknown>();
    await kit.started({
      handler: (_, transaction) => {
        try {
          transaction.afterCommit('soon' as never);
        } catch (error) {
          refused.resolve(error);
        }
      },
    });
    expect(await refused.promise).toBeInstanceOf(TypeError);
  });

  test('very many callbacks in one message are no problem', async () => {
    await kit.addNumbers('in', 1, 1);
    let calls = 0;
    const consumer = await kit.started({
      handler: (_, transaction) => {
        for (let index = 0; index < 200_000; index += 1) transaction.afterCommit(() => (calls += 1));
      },
    });
    await consumer.caughtUp();
    await consumer.stop();
    expect(calls).toBe(200_000);
  });
});
