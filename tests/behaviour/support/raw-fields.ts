import { storedValueOf, type StoredValue } from '@ars/core';
import { MemoryBackend } from './memory-backend.js';
import type { RedisBackend } from './redis-backend.js';
import type { StoreKit } from '../stores.js';

/** The fields that the library adds behind a dead letter's own, by name without `ars:`, in their order. */
export const ADDED_FIELDS = ['reason', 'code', 'attempts', 'consumer', 'stream', 'id', 'time'] as const;

/** A dead letter taken apart by code of the test's own. */
export interface SeenLetter {
  readonly original: readonly StoredValue[];
  /** The added fields by name, in the order in which they stand. */
  readonly added: Readonly<Record<string, StoredValue>>;
}

/** The fields of every entry as they are stored: flat, in order, also where a name comes twice. */
export async function rawFields(kit: StoreKit, stream: string): Promise<StoredValue[][]> {
  const { backend } = kit;
  if (backend instanceof MemoryBackend)
    return backend.memory.entries(kit.name(stream)).map(({ fields }) => [...fields]);
  const entries = await (backend as RedisBackend).client.xrangeBuffer(kit.name(stream), '-', '+');
  return entries.map(([, fields]) => fields.map(stored));
}

/** Every dead letter of a stream: what was there, and the last seven fields. */
export async function letters(kit: StoreKit, stream = 'dead'): Promise<SeenLetter[]> {
  return (await rawFields(kit, stream)).map((fields) => {
    const start = fields.length - 2 * ADDED_FIELDS.length;
    const added: Record<string, StoredValue> = {};
    for (let at = start; at < fields.length; at += 2) added[String(fields[at])] = fields[at + 1]!;
    return { original: fields.slice(0, start), added };
  });
}

function stored(field: Buffer): StoredValue {
  const value = storedValueOf(field);
  return typeof value === 'string' ? value : Uint8Array.from(value);
}
