import type { Fields, Transaction } from '@ars/core';
import type { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { describeStore } from './stores.js';
import { failureOf, nextEvent } from './support/deferred.js';
import { numbers } from './support/ledger.js';
import { letters, rawFields } from './support/raw-fields.js';
import type { RedisBackend } from './support/redis-backend.js';

type State = { seen: string[] };

// What a server may refuse and memory never does.
describeStore('redis', (kit) => {
  const client = (): Redis => (kit.backend as RedisBackend).client;
  const keys = () => ({ consumerId: 'consumer', scope: kit.name('in') });

  /** Enters every number and publishes it; throws for some; publishes others to a stream that is broken. */
  const options = ({ throwing = [] as string[], refused = [] as string[] }) => ({
    state: (): State => ({ seen: [] }),
    deadLetter: kit.name('dead'),
    retry: { attempts: 3 },
    handler: ({ n }: Fields, transaction: Transaction<State>): void => {
      transaction.state.seen.push(n!);
      transaction.publish(kit.name('out'), { n: n! });
      if (refused.includes(n!)) transaction.publish(kit.name('broken'), { n: n! });
      if (throwing.includes(n!)) throw new Error('no');
    },
  });

  test('dead letters that cannot be written end the consumer with ARS_COMMIT; nothing is lost, and all before stands', async () => {
    await client().set(kit.name('dead'), 'not a stream');
    const ids = await kit.addNumbers('in', 1, 20);
    const consumer = kit.consumer(options({ throwing: ['9'] }));
    const told: unknown[] = [];
    consumer.on('deadLetter', (event) => void told.push(event));
    await consumer.start();
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_COMMIT', details: { reason: 'WRONGTYPE' } });
    expect(consumer.state.seen).toEqual(numbers(1, 8));
    const { position, outputs } = await kit.backend.moment(keys(), kit.name('out'));
    expect(position).toBe(ids[7]);
    expect(outputs).toHaveLength(8);
    expect(await client().get(kit.name('dead'))).toBe('not a stream');
    expect([told, consumer.stats().deadLetters]).toEqual([[], 0]);

    await client().del(kit.name('dead'));
    const next = await kit.started(options({ throwing: ['9'] }));
    await next.caughtUp();
    expect(await kit.values('dead')).toEqual(['9']);
    expect(await kit.values('out')).toEqual(numbers(1, 20).filter((n) => n !== '9'));
  });

  test('a message whose commits are refused is put aside after its attempts; its neighbours of the same batch commit', async () => {
    await client().set(kit.name('broken'), 'not a stream');
    await kit.addNumbers('in', 1, 60);
    const refused = ['1', '20', '21', '60'];
    const throwing = ['22', '40'];
    const consumer = kit.consumer(options({ refused, throwing }));
    const told: { id: string; attempts: number; code: string }[] = [];
    consumer.on('deadLetter', ({ id, attempts, code }) => void told.push({ id, attempts, code }));
    await consumer.start();
    await consumer.caughtUp();
    const bad = [...refused, ...throwing];
    const good = numbers(1, 60).filter((n) => !bad.includes(n));
    expect(consumer.state.seen).toEqual(good);
    expect(await kit.values('out')).toEqual(good);
    const found = await letters(kit);
    expect(found.map(({ original }) => original[1])).toEqual(['1', '20', '21', '22', '40', '60']);
    const codes = found.map(({ added }) => added['ars:code']);
    expect(codes).toEqual(['COMMIT', 'COMMIT', 'COMMIT', 'HANDLER', 'HANDLER', 'COMMIT'].map((code) => `ARS_${code}`));
    const attempts = found.map(({ added }) => Number(added['ars:attempts']));
    // One that was given up in a batch that was then refused for another is handled once more, and says so.
    expect([attempts[0], attempts[1], attempts[2], attempts[5]]).toEqual([3, 3, 3, 3]);
    expect(Math.min(...attempts)).toBe(3);
    expect(told.map((letter) => letter.attempts)).toEqual(attempts);
    expect(told.map(({ id }) => id)).toEqual(found.map(({ added }) => added['ars:id']));
    expect(await client().get(kit.name('broken'))).toBe('not a stream');
    expect(consumer.stats()).toMatchObject({ messages: 60, deadLetters: 6 });
  });

  test('a message refused before, and mended in time, is handled and not put aside', async () => {
    await client().set(kit.name('broken'), 'not a stream');
    await kit.addNumbers('in', 1, 5);
    const consumer = kit.consumer({ ...options({ refused: ['3'] }), retry: { attempts: 1_000 } });
    const refusal = nextEvent(consumer, 'retry', ({ attempt }) => attempt === 2);
    await consumer.start();
    await refusal;
    await client().del(kit.name('broken'));
    await consumer.caughtUp();
    expect([await kit.values('broken'), await kit.values('dead')]).toEqual([['3'], []]);
    expect(consumer.state.seen).toEqual(numbers(1, 5));
  });

  const wide = (fields: number): string[] =>
    Array.from({ length: fields }, (_, index) => [`f${index}`, `${index}`]).flat();

  test.each([3_893, 3_900])(
    'a message of %s fields, the most that can be published, becomes a dead letter',
    async (count) => {
      const original = wide(count);
      await kit.addNumbers('in', 1, 1);
      await kit.backend.addBytes(kit.name('in'), original);
      await kit.addNumbers('in', 2, 2);
      const consumer = await kit.started({
        ...options({}),
        handler: ({ n }) => (n ? undefined : Promise.reject('no')),
      });
      await Promise.race([consumer.caughtUp(), consumer.closed]);
      const [fields] = await rawFields(kit, 'dead');
      expect(fields!.slice(0, -14)).toEqual(original);
    },
  );

  test('a message of more fields than a commit can write ends the consumer; it is still there, and nothing else is lost', async () => {
    await kit.addNumbers('in', 1, 2);
    const id = await kit.backend.addBytes(kit.name('in'), wide(5_000));
    await kit.addNumbers('in', 3, 4);
    let isMended = false;
    const wideOptions = {
      ...options({}),
      handler: (message: Fields, transaction: Transaction<State>): void => {
        if (message['n'] === undefined && !isMended) throw new Error('no');
        transaction.state.seen.push(message['n'] ?? 'wide');
      },
    };
    const consumer = await kit.started(wideOptions);
    const error = await failureOf(consumer.closed);
    expect(error).toMatchObject({ code: 'ARS_COMMIT' });
    expect(consumer.state.seen).toEqual(['1', '2']);
    expect(await client().exists(kit.name('dead'))).toBe(0);
    expect((await kit.entries('in'))[2]!.id).toBe(id);
    isMended = true;
    const next = await kit.started(wideOptions);
    await next.caughtUp();
    expect(next.state.seen).toEqual(['1', '2', 'wide', '3', '4']);
  });
});
