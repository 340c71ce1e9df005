import { defineStream, type Fields, type Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores } from './stores.js';
import { mortal, type MortalStore } from './support/mortal-store.js';
import { numbers } from './support/ledger.js';

const ATTEMPTS = 3;
type Count = { count: number };

describeStores((kit) => {
  /** A message that ends the process before its handler has it: while it is decoded, or asked for its key. */
  const options = (process: MortalStore, where: 'decoded' | 'keyed') => ({
    stream: defineStream(kit.name('in'), {
      codec: {
        name: 'plain',
        encode: () => ({ fields: ['n', ''], bytes: 1 }),
        decode: ([, n]: readonly unknown[]): Fields => {
          if (where === 'decoded' && n === '2') void process.die();
          return { n: n as string };
        },
      },
    }),
    key: ({ n }: Fields): string => {
      if (where === 'keyed' && n === '2') void process.die();
      return `key-${n}`;
    },
    state: (): Count => ({ count: 0 }),
    store: process.store,
    deadLetter: kit.name('dead'),
    retry: { attempts: ATTEMPTS },
    leaseMs: 100,
    stopTimeoutMs: 1,
    // The next message waits in the line while this one is with its handler.
    handler: async ({ n }: Fields, transaction: Transaction<Count>) => {
      for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
      transaction.state.count += 1;
      transaction.publish(kit.name('out'), { n: n! });
    },
  });

  const lives = async (where: 'decoded' | 'keyed', concurrency: number): Promise<number> => {
    for (let deaths = 0; ; deaths += 1) {
      if (deaths > 3 * ATTEMPTS) throw new Error('the processes die for ever');
      const process = mortal(kit.connect());
      const consumer = kit.consumer<Count>({ ...options(process, where), concurrency } as never);
      await consumer.start();
      const death = waitFor(() => process.isDead, 'the process to die').then(() => 'dead');
      if ((await Promise.race([consumer.caughtUp().then(() => 'done'), death])) === 'done') return deaths;
    }
  };

  test.each([
    ['decoded', 1],
    ['decoded', 4],
    ['keyed', 1],
    ['keyed', 4],
  ] as const)(
    'a message that ends the process while it is %s is found, and no other put aside, concurrency %i',
    async (where, concurrency) => {
      await kit.addNumbers('in', 1, 6);
      expect(await lives(where, concurrency)).toBe(ATTEMPTS + 1); // the first time nobody suspects anything
      expect(await kit.values('dead')).toEqual(['2']);
      expect(await kit.values('out')).toEqual(numbers(1, 6).filter((n) => n !== '2'));
    },
  );
});
