export { createRedisStore } from './store.js';
export type { RedisStoreOptions } from './options.js';
export { ConnectionLostError, RedisReplyError } from './driver.js';
export type { ConnectionPurpose, RedisConnection, RedisDriver, RedisReply } from './driver.js';
export { hashSlot, hashTag } from './hash-slot.js';
export { ADVISED_COMMANDS, REQUIRED_COMMANDS } from './rights.js';
