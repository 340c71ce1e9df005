import { createCluster } from 'redis';
import { expect, test } from 'vitest';
import { createNodeRedisStore } from '@ars/node-redis';
import { startCluster } from '../../../tests/support/cluster.js';
import { describeCluster } from '../../redis-protocol/test/adapter/cluster-suite.js';
import { describeDiscovery } from '../../redis-protocol/test/adapter/discovery-suite.js';
import { freshTag, roundTrip } from '../../redis-protocol/test/adapter/round-trip.js';
import { nodeRedis } from './support/under-test.js';

describeCluster(nodeRedis);
describeDiscovery(nodeRedis);

test('a store works from a cluster client, connected or not, and leaves it as it is', async () => {
  await using server = await startCluster();
  const cluster = createCluster({ rootNodes: [{ url: server.url }] });
  const tryOut = async () => {
    const store = createNodeRedisStore(cluster);
    expect(await roundTrip(store, freshTag())).toMatchObject({ outcome: 'committed' });
    await store.close();
  };
  await tryOut();
  expect(cluster.isOpen).toBe(false);
  await cluster.connect();
  await tryOut();
  expect(await cluster.get('x')).toBeNull();
  cluster.destroy();
});
