import { expect, test } from 'vitest';
import { startServer } from '../../../../tests/support/server.js';
import { addressOf, freshTag, roundTrip } from './round-trip.js';
import type { AdapterUnderTest } from './under-test.js';

/** A connection ends with its server; the store makes new ones, and what was committed is there. */
export function testRestarts(adapter: AdapterUnderTest): void {
  test('a store goes on after its server was killed and started again', async () => {
    await using server = await startServer({ appendonly: true });
    const store = adapter.store(server.url);
    const tag = freshTag();
    const { published } = await roundTrip(store, tag);
    const home = await store.openHome(addressOf(tag));
    const reader = await store.openReader();
    const cursors = [{ stream: `{${tag}}none`, position: '0-0', read: 0 }];
    const waiting = reader.read({ cursors, maxEntries: 1, maxBytes: 1e6, waitMs: 60_000 });
    const ended = expect(waiting).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await server.kill();
    await ended;
    await expect(home.inspect()).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await server.restart();
    expect(await store.tail([`{${tag}}out`])).toEqual([published]);
    const again = await store.openHome(addressOf(tag));
    expect(again.history).not.toBe(home.history);
    expect((await again.inspect()).record).toMatchObject({ epoch: 1 });
    await store.close();
  });
}
