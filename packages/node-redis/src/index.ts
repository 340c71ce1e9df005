export { createNodeRedisStore } from './create-store.js';
export type { NodeRedisStoreOptions } from './create-store.js';
export type {
  NodeRedisClient,
  NodeRedisCluster,
  NodeRedisClusterOptions,
  NodeRedisConnection,
  NodeRedisSentinel,
  NodeRedisSentinelOptions,
} from './connection-input.js';
export type { NodeRedisClientOptions } from './client-options.js';
