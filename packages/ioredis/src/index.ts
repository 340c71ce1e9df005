export { createIoredisStore } from './create-store.js';
export type { IoredisStoreOptions } from './create-store.js';
export type { IoredisConnection } from './connection-input.js';
