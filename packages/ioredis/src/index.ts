export { createIoredisStore } from './create-store.js';
export type { IoredisStoreOptions } from './create-store.js';
export type { IoredisClient, IoredisCluster, IoredisConnection } from './connection-input.js';
