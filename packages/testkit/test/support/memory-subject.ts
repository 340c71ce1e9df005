import type { ConsumerAddress, EntryId, StoredFields, StreamStore } from '@ars/core';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import type { StoreConformanceOptions, StoreSubject } from '../../src/index.js';

/** Why the memory store cannot be tried on keys that are not streams. */
export const MEMORY_MISSING: NonNullable<StoreConformanceOptions['missing']> = {
  occupy: 'every name in a memory store can only be a stream',
};

/** A memory store for one case, or what a test makes of one. */
export function memorySubject(wrap: (memory: MemoryStore) => StreamStore = (memory) => memory): StoreSubject {
  const memory = createMemoryStore();
  return {
    store: wrap(memory),
    addEntry: async (stream: string, fields: StoredFields, id?: EntryId) => memory.add(stream, fields, id),
    deleteEntries: async (stream: string, ids: readonly EntryId[]) => void memory.delete(stream, ...ids),
    trimStream: async (stream: string, maxLength: number) => void memory.truncate(stream, { maxLength }),
    deleteStream: async (stream: string) => void memory.deleteStream(stream),
    evict: async (what: 'record' | 'state', { consumerId }: ConsumerAddress) => void memory.evict(what, consumerId),
    disconnect: async () => memory.disconnect(),
    olderCopy: async () => {
      const snapshot = memory.snapshot();
      return { restore: async () => memory.restoreSnapshot(snapshot) };
    },
    boundedStore: async (idempotencyKeysMax: number) => wrap(createMemoryStore({ idempotencyKeysMax })),
    close: () => memory.close(),
  };
}
