import { createNodeRedisStore, type NodeRedisConnection } from '@ars/node-redis';
import type { AdapterUnderTest } from '../../../redis-protocol/test/adapter/under-test.js';
import { driverFor } from '../../src/connection-input.js';

/** This adapter, for the suites that all adapters share. */
export const nodeRedis: AdapterUnderTest = {
  server: ({ host, port, user, password, database, keyPrefix, ca }) => ({
    socket: ca === undefined ? { host, port } : { host, port, tls: true, ca },
    ...(user === undefined ? {} : { username: user }),
    ...(password === undefined ? {} : { password }),
    ...(database === undefined ? {} : { database }),
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
  }),
  sentinels: (sentinelRootNodes, password = '') => ({
    name: 'mymaster',
    sentinelRootNodes,
    nodeClientOptions: { password },
  }),
  cluster: ({ seeds, password, keyPrefix, addressMap }) => ({
    rootNodes: seeds.map((socket) => ({ socket })),
    defaults: password === undefined ? {} : { password },
    useReplicas: true,
    ...(keyPrefix === undefined ? {} : { keyPrefix }),
    ...(addressMap === undefined ? {} : { nodeAddressMap: addressMap }),
  }),
  store: (connection, options) => createNodeRedisStore(connection as NodeRedisConnection, options),
  driver: (connection) => driverFor(connection as NodeRedisConnection),
};
