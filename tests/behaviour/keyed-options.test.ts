import { Persistable, StreamConsumer } from '@ars/core';
import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { keyedLedgerOf } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';

describeStores((kit) => {
  test('a consumer with one state cannot become a keyed one in silence, nor the other way round', async () => {
    await kit.add('in', { n: 1, k: 'a' });
    const { key, ...whole } = keyedLedgerOf(kit);
    for (const [consumerId, before, after] of [
      ['w', whole, { ...whole, key }],
      ['k', { ...whole, key }, whole],
    ] as const) {
      const first = await kit.started<Ledger>({ ...before, consumerId });
      await first.caughtUp();
      await first.stop();
      await expect(kit.consumer<Ledger>({ ...after, consumerId }).start()).rejects.toMatchObject({
        code: 'ARS_STATE_LOST',
      });
    }
  });

  test('options that do not go together are refused, with their names', () => {
    class Counter extends Persistable.with({ count: 0 }) {
      readonly uniqueId = 'counter';
      handle(): void {}
    }
    const base = { store: kit.store, stream: kit.name('in'), consumerId: 'c' };
    const plain = { ...base, handler: () => {} };
    const keyed = { ...plain, state: { n: 0 }, key: () => 'k' };
    const refused: [options: object, option: string][] = [
      [{ ...keyed, key: 'k' }, 'key'],
      [{ ...plain, state: { n: 0 }, stateTtlMs: 5 }, 'stateTtlMs'],
      [{ ...plain, key: () => 'k', stateTtlMs: 5 }, 'stateTtlMs'],
      [{ ...plain, state: { n: 0 }, stateCache: { maxKeys: 1 } }, 'stateCache'],
      [{ ...keyed, stateTtlMs: 0 }, 'stateTtlMs'],
      [{ ...keyed, stateCache: { maxKeys: 0 } }, 'stateCache.maxKeys'],
      [{ ...keyed, stateCache: { most: 1 } }, 'stateCache.most'],
      [{ ...keyed, stateCache: 5 }, 'stateCache'],
      [{ ...plain, state: { n: 0 }, concurrency: 2 }, 'concurrency'],
      [{ ...base, handler: new Counter(), concurrency: 2 }, 'concurrency'],
      [{ ...base, handler: new Counter(), concurrency: 2, key: () => 'k' }, 'concurrency'],
      [{ ...base, handler: new Counter(), key: () => 'k' }, 'key'],
      [{ ...plain, concurrency: 0 }, 'concurrency'],
      [{ ...plain, concurrency: 1.5 }, 'concurrency'],
    ];
    for (const [options, option] of refused) {
      const create = (): unknown => new StreamConsumer(options as typeof keyed);
      expect(create, JSON.stringify(options)).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION' }));
      expect(create).toThrow(option);
    }
  });

  test('the state of all is not to be had from a keyed consumer, nor that of a key from another', async () => {
    const keyed = kit.consumer<Ledger>(keyedLedgerOf(kit));
    expect(() => keyed.state).toThrow(expect.objectContaining({ code: 'ARS_CONFIGURATION' }));
    const whole = kit.consumer<Ledger>({ consumerId: 'w', state: { count: 0, hash: 0 }, handler: () => {} });
    await expect(whole.stateOf('a')).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
    await expect(whole.states().next()).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
    await expect(keyed.stateOf('')).rejects.toMatchObject({ code: 'ARS_MESSAGE_VALIDATION' });
  });
});
