import { afterAll, beforeAll, describe, test } from 'vitest';
import { startCluster } from '../../../tests/support/cluster.js';
import type { TestServer } from '../../../tests/support/server.js';
import { storeConformance } from '../src/index.js';
import { ClusterSubject } from './support/cluster-subject.js';

let server: TestServer;

beforeAll(async () => {
  server = await startCluster();
});
afterAll(() => server.stop());

describe('the store on an ioredis cluster', () => {
  const missing = { olderCopy: 'a cluster has its own way of failing over' };
  const cases = storeConformance({ create: async (names) => new ClusterSubject(server.port, names), missing });
  for (const { name, skip, run } of cases) test.skipIf(skip !== undefined)(name, run);
});
