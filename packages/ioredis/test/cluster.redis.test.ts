import { Cluster } from 'ioredis';
import { expect, test } from 'vitest';
import { createIoredisStore } from '@ars/ioredis';
import { startCluster } from '../../../tests/support/cluster.js';
import { describeCluster } from '../../redis-protocol/test/adapter/cluster-suite.js';
import { describeDiscovery } from '../../redis-protocol/test/adapter/discovery-suite.js';
import { freshTag, roundTrip } from '../../redis-protocol/test/adapter/round-trip.js';
import { ioredis } from './support/under-test.js';

describeCluster(ioredis);
describeDiscovery(ioredis);

test('a store works from a cluster client, connected or not, and leaves it as it is', async () => {
  await using server = await startCluster();
  const cluster = new Cluster([server.url], { lazyConnect: true });
  const tryOut = async () => {
    const store = createIoredisStore(cluster);
    expect(await roundTrip(store, freshTag())).toMatchObject({ outcome: 'committed' });
    await store.close();
  };
  await tryOut();
  expect(cluster.status).toBe('wait');
  await cluster.connect();
  await tryOut();
  expect(await cluster.get('x')).toBeNull();
  cluster.disconnect();
});
