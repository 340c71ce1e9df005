import { expect, test } from 'vitest';
import { describeStores } from './stores.js';
import { failureOf } from './support/deferred.js';
import { evictKeys, rawKeys, storedStates, writeKey } from './support/keyed-content.js';
import { keyedLedgerOf, keyedNumbers } from './support/keyed-ledger.js';
import type { Ledger } from './support/ledger.js';

describeStores((kit) => {
  test('keys that vanish under a running consumer end it: nothing begins again from the defaults', async () => {
    await kit.add('in', ...keyedNumbers(1, 20, 10));
    const consumer = await kit.started<Ledger>({ ...keyedLedgerOf(kit), stateCache: { maxKeys: 1 } });
    await consumer.caughtUp();
    await evictKeys(kit);
    await kit.add('in', ...keyedNumbers(21, 30, 10));
    expect(await failureOf(consumer.closed)).toMatchObject({
      code: 'ARS_STATE_LOST',
      details: { consumer: 'consumer', stream: kit.name('in') },
    });
    expect(await storedStates(kit)).toEqual({});
    expect(await kit.entries('out')).toHaveLength(20);
    await expect(kit.consumer<Ledger>(keyedLedgerOf(kit)).start()).rejects.toMatchObject({ code: 'ARS_STATE_LOST' });
  });

  test('keys that vanish are noticed by the next commit, when all that is needed is cached', async () => {
    await kit.add('in', ...keyedNumbers(1, 20, 4));
    const consumer = await kit.started<Ledger>(keyedLedgerOf(kit));
    await consumer.caughtUp();
    await evictKeys(kit);
    await kit.add('in', ...keyedNumbers(21, 24, 4));
    expect(await failureOf(consumer.closed)).toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(await kit.entries('out')).toHaveLength(20);
  });

  test.each([
    ['no header at all', 'garbage'],
    ['a payload that cannot be read', '0,,json,{"count":'],
    ['bytes', Uint8Array.of(0xff, 0xfe, 0x2c, 0, 0x2c, 0x2c)],
    ['something else than attributes', '0,,json,[1]'],
    ['a version that is none', '-1,,json,{}'],
  ])('%s for one key ends the consumer with an error that names all, and leaves the data', async (_, bytes) => {
    await kit.add('in', ...keyedNumbers(1, 10, 5));
    const first = await kit.started<Ledger>(keyedLedgerOf(kit));
    await first.caughtUp();
    await first.stop();
    await writeKey(kit, 'k2', bytes);
    const before = await rawKeys(kit);
    await kit.add('in', ...keyedNumbers(11, 15, 5));
    const consumer = await kit.started<Ledger>(keyedLedgerOf(kit));
    const error = (await failureOf(consumer.closed)) as Error;
    expect(error).toMatchObject({
      code: 'ARS_SERIALIZATION',
      details: { key: 'k2', consumer: 'consumer', stream: kit.name('in') },
    });
    for (const part of ['"k2"', '"consumer"', kit.name('in')]) expect(error.message).toContain(part);
    expect(await rawKeys(kit)).toEqual(before);
    await expect(kit.consumer<Ledger>(keyedLedgerOf(kit)).stateOf('k2')).rejects.toMatchObject({
      code: 'ARS_SERIALIZATION',
    });
  });

  test('a corrupt key that nobody asks for disturbs nobody', async () => {
    await kit.add('in', ...keyedNumbers(1, 10, 5));
    const first = await kit.started<Ledger>(keyedLedgerOf(kit));
    await first.caughtUp();
    await first.stop();
    await writeKey(kit, 'k2', 'garbage');
    await kit.add('in', { n: 11, k: 'k1' }, { n: 12, k: 'k3' });
    const consumer = await kit.started<Ledger>(keyedLedgerOf(kit));
    await consumer.caughtUp();
    expect(await consumer.stateOf('k1')).toMatchObject({ count: 3 });
  });
});
