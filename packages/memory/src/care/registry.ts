import { compareIds, type ConsumerAddress, type EntryId, type RegisteredConsumer, type StreamCursor } from '@ars/core';
import { foreignName, placeOf } from '../consumers/consumer-place.js';
import type { Database } from '../store/database.js';

/** The smallest position in a stream's registry: what lies after it is not to be removed; `undefined` without a consumer. */
export function heldFrom({ registry }: Database, stream: string): EntryId | undefined {
  let smallest: EntryId | undefined;
  for (const position of registry.get(stream)?.values() ?? []) {
    if (smallest === undefined || compareIds(position, smallest) < 0) smallest = position;
  }
  return smallest;
}

/** The consumers in a stream's registry, as copies. */
export function registeredConsumers({ registry }: Database, stream: string): RegisteredConsumer[] {
  return Array.from(registry.get(stream) ?? [], ([name, position]) => ({ name, position }));
}

/**
 * Notes the positions of a consumer that commits elsewhere, also where they are lower than before: it may have been
 * rewound, and too low is safe.
 */
export function registerForeign(database: Database, address: ConsumerAddress, cursors: readonly StreamCursor[]): void {
  const name = foreignName(address);
  for (const { stream, position } of cursors) database.register(stream, name, position);
}

/** Takes a consumer out of its streams' registries, wherever it commits: whoever asks for it may not know. */
export function unregister({ registry }: Database, address: ConsumerAddress): boolean {
  const names = [placeOf(address).record, foreignName(address)];
  let wasListed = false;
  for (const stream of address.streams) {
    for (const name of names) if (registry.get(stream)?.delete(name) === true) wasListed = true;
  }
  return wasListed;
}
