import { Cluster } from 'ioredis';
import { createIoredisStore, type IoredisConnection } from '@ars/ioredis';
import type { AdapterUnderTest } from '../../../redis-protocol/test/adapter/under-test.js';
import { driverFor } from '../../src/connection-input.js';

/** This adapter, for the suites that all adapters share. */
export const ioredis: AdapterUnderTest = {
  server: ({ host, port, user, password, database, keyPrefix, ca }) => ({
    host,
    port,
    username: user,
    password,
    db: database,
    keyPrefix,
    ...(ca === undefined ? {} : { tls: { ca } }),
  }),
  sentinels: (sentinels, password) => ({ sentinels, name: 'mymaster', password }),
  cluster: ({ seeds, password, keyPrefix, addressMap }) =>
    new Cluster([...seeds], {
      lazyConnect: true,
      scaleReads: 'slave',
      keyPrefix,
      natMap: addressMap,
      redisOptions: { password },
    }),
  store: (connection, options) => createIoredisStore(connection as IoredisConnection, options),
  driver: (connection) => driverFor(connection as IoredisConnection),
};
