import type { StreamStore } from '@ars/core';
import { createRedisStore, type RedisStoreOptions } from '@ars/redis-protocol';
import { driverFor, type IoredisConnection } from './connection-input.js';

/** How a store on ioredis behaves; every option has a default. */
export type IoredisStoreOptions = RedisStoreOptions;

/**
 * Makes a stream store on ioredis: a single server, Sentinel, or a Cluster. A client that is passed in is only asked
 * for its options, such as address, credentials, TLS, database and key prefix; the store makes connections of its
 * own, whose settings for retries, queues, timeouts, protocol and replicas are the store's. Nothing is connected
 * before the store is used. Throws `ConfigurationError` for wrong input, naming the option.
 */
export function createIoredisStore(connection: IoredisConnection, options: IoredisStoreOptions = {}): StreamStore {
  return createRedisStore(driverFor(connection), options);
}
