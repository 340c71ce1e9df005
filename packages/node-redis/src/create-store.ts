import type { StreamStore } from '@ars/core';
import { createRedisStore, type RedisStoreOptions } from '@ars/redis-protocol';
import { driverFor, type NodeRedisConnection } from './connection-input.js';

/** How a store on node-redis behaves; every option has a default. */
export type NodeRedisStoreOptions = RedisStoreOptions;

/**
 * Makes a stream store on node-redis: a single server, Sentinel, or a cluster. A client that is passed in is only asked
 * for its options, such as address, credentials, TLS, database and key prefix; the store makes connections of its own,
 * whose settings for reconnecting, queues, timeouts, protocol and replicas are the store's. Nothing is connected before
 * the store is used. Throws `ConfigurationError` for wrong input, naming the option.
 */
export function createNodeRedisStore(
  connection: NodeRedisConnection,
  options: NodeRedisStoreOptions = {},
): StreamStore {
  return createRedisStore(driverFor(connection), options);
}
