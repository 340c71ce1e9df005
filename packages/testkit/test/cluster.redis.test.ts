import { createIoredisStore } from '@ars/ioredis';
import { createNodeRedisStore } from '@ars/node-redis';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, test } from 'vitest';
import { startCluster } from '../../../tests/support/cluster.js';
import type { TestServer } from '../../../tests/support/server.js';
import { storeConformance } from '../src/index.js';
import { ClusterSubject, type MakeClusterStore } from './support/cluster-subject.js';

let server: TestServer;

beforeAll(async () => {
  server = await startCluster();
});
afterAll(() => server.stop());

/** The client is only asked for its options, so it never connects and needs no end. */
const stores: [client: string, createStore: MakeClusterStore][] = [
  [
    'ioredis',
    (port, options) => createIoredisStore(new Cluster([{ host: '127.0.0.1', port }], { lazyConnect: true }), options),
  ],
  [
    'node-redis',
    (port, options) => createNodeRedisStore({ rootNodes: [{ url: `redis://127.0.0.1:${port}` }] }, options),
  ],
];

describe.each(stores)('the store on a cluster through %s', (_, createStore) => {
  const missing = { olderCopy: 'a cluster has its own way of failing over' };
  const create = async (names: ConstructorParameters<typeof ClusterSubject>[1]): Promise<ClusterSubject> =>
    new ClusterSubject(server.port, names, createStore);
  for (const { name, skip, run } of storeConformance({ create, missing })) test.skipIf(skip !== undefined)(name, run);
});
