export { createMemoryStore } from './store/create-memory-store.js';
export type { MemoryStoreOptions } from './options.js';
export type { MemoryEntry, MemorySnapshot, MemoryStore, MemoryStreamInfo, TrimTarget } from './store/memory-store.js';
