import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIoredisStore } from '@ars/ioredis';
import { startCluster } from '../../../tests/support/cluster.js';
import type { TestServer } from '../../../tests/support/server.js';
import { addressOf, freshTag, roundTrip } from './support/round-trip.js';

let server: TestServer;
let seed: { host: string; port: number };
beforeAll(async () => {
  server = await startCluster();
  seed = { host: '127.0.0.1', port: server.port };
});
afterAll(() => server.stop());

const DONE = { read: ['n=1'], outcome: 'committed', published: expect.stringMatching(/^\d+-\d+$/) as string };

describe('on a cluster', () => {
  test.each(['', 'app:', '{app}:'])('a store works behind the key prefix %j', async (keyPrefix) => {
    const cluster = new Cluster([seed], { lazyConnect: true, keyPrefix, scaleReads: 'slave' });
    const store = createIoredisStore(cluster);
    expect(await roundTrip(store, freshTag())).toEqual(DONE);
    expect(cluster.status).toBe('wait');
    await store.close();
  });

  test('a store works from a client in use, which stays usable', async () => {
    const cluster = new Cluster([seed]);
    const store = createIoredisStore(cluster);
    expect(await roundTrip(store, freshTag())).toEqual(DONE);
    await store.close();
    expect(await cluster.get('x')).toBeNull();
    cluster.disconnect();
  });

  test('the addresses that nodes announce are translated by natMap', async () => {
    const announced = new Redis(server.url);
    await announced.config('SET', 'cluster-announce-ip', '10.99.99.99');
    const natMap = { [`10.99.99.99:${server.port}`]: seed };
    const store = createIoredisStore(new Cluster([seed], { lazyConnect: true, natMap }));
    expect(await roundTrip(store, freshTag())).toEqual(DONE);
    await store.close();
    await announced.config('SET', 'cluster-announce-ip', '127.0.0.1');
    announced.disconnect();
  });

  test('streams of other slots are refused with the way out', async () => {
    const store = createIoredisStore(new Cluster([seed], { lazyConnect: true }));
    expect(store.placementProblem('orders', 'alerts')).toContain('{orders}');
    const tag = freshTag();
    const apart = { ...addressOf(tag, [`{${tag}}a`, 'elsewhere']), scope: '*' };
    await expect(store.openHome(apart)).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { stream: 'elsewhere' },
    });
    const home = await store.openHome(addressOf(tag));
    const owner = '0'.repeat(32);
    await home.claim({ expectedEpoch: 0, ownEpoch: 0, owner, starts: [] });
    const commit = { commitId: '1'.repeat(32), base: owner, cursors: [], state: undefined, attempt: undefined };
    const refused = home.commit(
      { owner, renewal: 0 },
      { ...commit, publishes: [{ stream: 'elsewhere', fields: ['f', 'v'] }] },
    );
    await expect(refused).rejects.toMatchObject({
      code: 'ARS_COMMIT',
      details: { stream: 'elsewhere', reason: 'PLACEMENT' },
    });
    await store.close();
  });

  test('a plain client is told to be a Cluster', async () => {
    const store = createIoredisStore(server.url);
    await expect(store.openReader()).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      message: expect.stringContaining('Cluster') as string,
    });
    await store.close();
  });
});
