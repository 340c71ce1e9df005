import type { ConsumerAddress, ConsumerHome, StreamReader, StreamStore } from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { passedOnHome, passedOnStore } from '../../src/passing/passed-on.js';

/** One bug on purpose: a sound store with something altered, and the case that must catch it. */
export interface PlantedBug {
  readonly bug: string;
  readonly caughtBy: string;
  readonly plant: (memory: MemoryStore) => StreamStore;
}

/** What is altered of a store; the rest is the memory store's. */
export interface Alterations {
  readonly store?: Partial<StreamStore>;
  readonly address?: (address: ConsumerAddress) => ConsumerAddress;
  readonly reader?: (reader: StreamReader) => Partial<StreamReader>;
  readonly home?: (home: ConsumerHome, address: ConsumerAddress) => Partial<ConsumerHome>;
}

/** A memory store with alterations. */
export function alteredStore(memory: MemoryStore, { store, address, reader, home }: Alterations): StreamStore {
  return {
    ...passedOnStore(memory),
    openReader: async () => {
      const sound = await memory.openReader();
      return { ...soundReader(sound), ...reader?.(sound) };
    },
    openHome: async (given) => {
      const used = address?.(given) ?? given;
      const sound = await memory.openHome(used);
      return { ...passedOnHome(sound), ...home?.(sound, used) };
    },
    ...store,
  };
}

function soundReader(reader: StreamReader): StreamReader {
  return {
    history: reader.history,
    locate: (stream, start) => reader.locate(stream, start),
    read: (request) => reader.read(request),
    close: () => reader.close(),
  };
}
