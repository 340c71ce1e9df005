import type { StoredEntry, StoredValue } from '@ars/core';
import type { RedisReply } from '../driver.js';
import { RepeatedValues } from '../packing/repeated-values.js';
import { storedName, storedValue } from '../packing/stored-text.js';
import { Unpacker } from '../packing/unpack.js';

/** An entry as the server replies it. */
type RawEntry = readonly [id: Buffer, fields: readonly Buffer[]];

/** A class, not an object literal, for the reason that `listLike` has. */
class Entry implements StoredEntry {
  readonly id: string;
  readonly fields: readonly StoredValue[];

  constructor(id: string, fields: readonly StoredValue[]) {
    this.id = id;
    this.fields = fields;
  }
}

/** Entries, and about how many bytes of the reply they took. */
export interface DecodedEntries {
  readonly entries: readonly StoredEntry[];
  readonly bytes: number;
}

/** Places beyond share the table of the last one. */
const COLUMNS_MAX = 16;
const ID_BYTES = 24;
const NONE: readonly StoredValue[] = [];

/**
 * Reads the entries of replies, for one reader. The names of an entry are mostly those of the one before, and some
 * values come again and again; such strings are made once.
 */
export class EntryDecoder {
  /** Of each field's value, by its place in the entry. */
  readonly #columns: RepeatedValues[] = [];
  /** The names of the last entry of the reply before: those of a lone one, too, are mostly the same again. */
  #names: readonly StoredValue[] = NONE;

  /** Reads packed chunks (see `READ`). */
  packed(chunks: readonly Buffer[]): DecodedEntries {
    const entries: StoredEntry[] = [];
    let bytes = 0;
    let names = this.#names;
    for (const chunk of chunks) {
      const unpacker = new Unpacker(chunk);
      for (let left = unpacker.array(); left > 0; left -= 1) {
        unpacker.array();
        const id = unpacker.value() as string;
        names = this.#unpackFields(unpacker, names);
        entries.push(new Entry(id, names));
      }
      bytes += chunk.length;
    }
    this.#names = namesOf(names);
    return { entries, bytes };
  }

  /** Reads what XRANGE replies, from an index on, and at least one entry, but no more once `maxBytes` are reached. */
  plain(reply: RedisReply, from: number, maxBytes: number): DecodedEntries {
    const raw = reply as readonly RawEntry[];
    const entries: StoredEntry[] = [];
    let bytes = 0;
    let names = this.#names;
    for (let i = from; i < raw.length && bytes < maxBytes; i += 1) {
      const [id, fields] = raw[i]!;
      bytes += ID_BYTES;
      for (const field of fields) bytes += field.length + 2;
      names = this.#fields(fields, names);
      entries.push(new Entry(storedValue(id, 0, id.length) as string, names));
    }
    this.#names = namesOf(names);
    return { entries, bytes };
  }

  /** Reads the reply of XREAD: the entries of each stream that has any, by key. Timed out, the reply is null. */
  xread(reply: RedisReply): ReadonlyMap<string, DecodedEntries> {
    const streams = (reply ?? []) as readonly (readonly [key: Buffer, entries: RedisReply])[];
    return new Map(streams.map(([key, entries]) => [String(key), this.plain(entries, 0, Number.POSITIVE_INFINITY)]));
  }

  #unpackFields(unpacker: Unpacker, like: readonly StoredValue[]): StoredValue[] {
    const count = unpacker.array();
    const fields = listLike(like, count);
    for (let i = 0; i < count; i += 2) {
      fields[i] = unpacker.name(like[i]);
      fields[i + 1] = unpacker.valueAmong(this.#column(i));
    }
    return fields;
  }

  #fields(raw: readonly Buffer[], like: readonly StoredValue[]): StoredValue[] {
    const fields = listLike(like, raw.length);
    for (let i = 0; i < raw.length; i += 2) {
      const value = raw[i + 1]!;
      const name = raw[i]!;
      fields[i] = storedName(name, 0, name.length, like[i]);
      fields[i + 1] = this.#column(i).value(value, 0, value.length);
    }
    return fields;
  }

  #column(field: number): RepeatedValues {
    const column = Math.min(field >> 1, COLUMNS_MAX - 1);
    return this.#columns[column] ?? this.#open(column);
  }

  #open(column: number): RepeatedValues {
    while (this.#columns.length <= column) this.#columns.push(new RepeatedValues());
    return this.#columns[column]!;
  }
}

/**
 * A list to fill, of just the size that is needed: entries are kept until they are committed. A copy of the one before, where
 * that has the size: the engine learns that lists made anew live long, and puts them among old objects, where they
 * keep alive what they hold for long after.
 */
function listLike(like: readonly StoredValue[], length: number): StoredValue[] {
  if (like.length === length) return like.slice();
  // oxlint-disable-next-line unicorn/no-new-array -- Array.from takes twenty times as long
  return new Array<StoredValue>(length);
}

/** The names without the values, which may be long and are not to be kept. */
function namesOf(fields: readonly StoredValue[]): StoredValue[] {
  const names = fields.slice();
  for (let i = 1; i < names.length; i += 2) names[i] = '';
  return names;
}

/** About how many bytes of a reply an entry took. */
export function rawEntryBytes([, fields]: RawEntry): number {
  return fields.reduce((sum, field) => sum + field.length + 2, ID_BYTES);
}
