import type { StoredEntry, StoredValue } from '@ars/core';
import type { RedisReply } from '../driver.js';
import { storedValue } from '../packing/stored-text.js';
import { Unpacker } from '../packing/unpack.js';

/** Reads the entries of one packed chunk (see `READ`) and puts them behind those already there. */
export function decodeChunk(chunk: Buffer, entries: StoredEntry[]): void {
  const unpacker = new Unpacker(chunk);
  let names: readonly StoredValue[] = entries.at(-1)?.fields ?? [];
  for (let left = unpacker.array(); left > 0; left -= 1) {
    unpacker.array();
    const id = unpacker.value() as string;
    const fields = decodeFields(unpacker, names);
    entries.push({ id, fields });
    names = fields;
  }
}

function decodeFields(unpacker: Unpacker, like: readonly StoredValue[]): StoredValue[] {
  const count = unpacker.array();
  const fields: StoredValue[] = [];
  for (let i = 0; i < count; i += 2) fields.push(unpacker.valueLike(like[i]), unpacker.value());
  return fields;
}

/** Reads the reply of XREAD: the entries of each stream that has any, by key. Timed out, the reply is null. */
export function decodeXread(reply: RedisReply): ReadonlyMap<string, readonly StoredEntry[]> {
  const streams = (reply ?? []) as [key: Buffer, entries: [id: Buffer, fields: Buffer[]][]][];
  return new Map(
    streams.map(([key, entries]) => [String(key), entries.map(([id, fields]) => decodeEntry(id, fields))]),
  );
}

function decodeEntry(id: Buffer, fields: readonly Buffer[]): StoredEntry {
  return { id: String(id), fields: fields.map((field) => storedValue(field, 0, field.length)) };
}

/** About how many bytes of the reply an entry took. */
export function entryBytes(entry: StoredEntry): number {
  return entry.fields.reduce((sum, field) => sum + field.length + 2, entry.id.length + 4);
}
