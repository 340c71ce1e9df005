import { expect, test } from 'vitest';
import { findStartableRedis } from '../../../../tests/support/redis.js';
import { startServer } from '../../../../tests/support/server.js';
import { freshTag, roundTrip } from './round-trip.js';
import { startSentinel } from './sentinel.js';
import type { AdapterUnderTest } from './under-test.js';

/** Skipped in containers: a sentinel is started from a binary, and its port would not be reachable there. */
export async function testSentinels(adapter: AdapterUnderTest): Promise<void> {
  const source = await findStartableRedis();
  test.skipIf(source.kind !== 'binary')('each connection asks the sentinels for the master', async () => {
    await using first = await startServer();
    await using second = await startServer();
    await using sentinel = await startSentinel(source.kind === 'binary' ? source.path : '', first.port);
    const host = '127.0.0.1';
    const store = adapter.store(adapter.sentinels([1, sentinel.port].map((port) => ({ host, port }))));
    expect(await roundTrip(store, freshTag())).toMatchObject({ outcome: 'committed' });
    const before = (await store.openReader()).history;
    await sentinel.moveTo(second.port);
    const after = (await store.openReader()).history;
    expect(before).toBeTypeOf('string');
    expect(after).not.toBe(before);
    await store.close();
  });
}
