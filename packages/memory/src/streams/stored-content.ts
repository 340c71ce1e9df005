import { isUtf8 } from 'node:buffer';
import type { StoredFields, StoredValue } from '@ars/core';

/** The fields of an entry as they are kept: a copy of what was given, frozen, with its size. */
export interface StoredContent {
  /** Flat and in order, as in `StoredFields`; the list is frozen, byte values must not be written to. */
  readonly fields: StoredFields;
  /** Bytes of all names and values. */
  readonly bytes: number;
}

/**
 * Copies a value into the store: a string if the bytes are valid UTF-8, otherwise a plain `Uint8Array` of its own.
 * A `Buffer` comes back as one of these two, never as a `Buffer`, as it would from a server.
 */
export function storedValue(value: StoredValue): StoredValue {
  if (typeof value === 'string') return value;
  if (!isUtf8(value)) return new Uint8Array(value);
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('utf8');
}

/** Copies a value on its way out, so that nobody can write to what is stored. Strings need no copy. */
export function copiedValue(value: StoredValue): StoredValue {
  return typeof value === 'string' ? value : new Uint8Array(value);
}

/** How many bytes a stored value has. */
export function valueBytes(value: StoredValue): number {
  return typeof value === 'string' ? Buffer.byteLength(value) : value.byteLength;
}

/** Why a value cannot be stored without changing it, as the end of a sentence; `undefined` when it can. */
export function valueProblem(value: unknown): string | undefined {
  if (typeof value === 'string') return value.isWellFormed() ? undefined : 'has a string with a lone surrogate';
  return value instanceof Uint8Array ? undefined : `has a value that is neither string nor bytes (${typeof value})`;
}

/**
 * Copies the fields of an entry into the store. Answers the problem instead, as the end of a sentence that begins
 * with what the fields are of, when no server would take them: none at all, a name without a value, or a value that
 * is neither a well-formed string nor bytes.
 */
export function storedContent(fields: StoredFields): StoredContent | string {
  if (fields.length === 0) return 'has no fields';
  if (fields.length % 2 !== 0) return 'has a field name without a value';
  const stored = fields.slice();
  let bytes = 0;
  for (let index = 0; index < fields.length; index += 1) {
    const field = fields[index]!;
    const problem = valueProblem(field);
    if (problem !== undefined) return problem;
    const value = storedValue(field);
    stored[index] = value;
    bytes += valueBytes(value);
  }
  return { fields: Object.freeze(stored), bytes };
}
