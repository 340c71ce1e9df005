import { MessageValidationError } from './errors.js';
import type { Fields, FieldsInput, StoredFields, StoredValue } from './fields.js';

/** The most fields that a message may have: what one server-side call can append. */
export const FIELDS_MAX = 3_900;

/** A message in stored form, with the number of bytes it takes, about. */
export interface EncodedFields {
  readonly fields: StoredFields;
  readonly bytes: number;
}

/**
 * Turns an untyped message into stored fields, in the order of its own properties.
 * Throws `MessageValidationError` naming the field: for a message without fields or with more than 3,900, for numbers
 * that are not finite, strings with lone surrogates, and values other than string, number, bigint and `Uint8Array`.
 */
export function encodeFields(message: FieldsInput): EncodedFields {
  if (typeof message !== 'object' || message === null || Array.isArray(message) || ArrayBuffer.isView(message)) {
    throw new MessageValidationError('A message must be an object of field names and values.');
  }
  const names = Object.keys(message);
  // A list made from another, not anew: see `EntryDelivery`.
  const fields: StoredValue[] = names.concat(names);
  let bytes = 0;
  for (const [index, name] of names.entries()) {
    const value = encodeValue(name, message[name]);
    fields[index * 2] = name;
    fields[index * 2 + 1] = value;
    bytes += Buffer.byteLength(name) + (typeof value === 'string' ? Buffer.byteLength(value) : value.length) + 2;
  }
  if (fields.length === 0) throw new MessageValidationError('A message must have at least one field.');
  if (fields.length > FIELDS_MAX * 2) {
    throw new MessageValidationError(
      `A message may have at most ${FIELDS_MAX} fields; this one has ${fields.length / 2}.`,
    );
  }
  return { fields, bytes };
}

function encodeValue(name: string, value: unknown): StoredValue {
  if (!name.isWellFormed()) throw invalid(name, 'its name has a lone surrogate');
  switch (typeof value) {
    case 'string':
      if (!value.isWellFormed()) throw invalid(name, 'its text has a lone surrogate; publish bytes instead');
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw invalid(name, 'a number must be finite');
      return String(value);
    case 'bigint':
      return String(value);
    default:
      if (value instanceof Uint8Array) return storedValueOf(value);
      throw invalid(
        name,
        `it is ${value === null ? 'null' : typeof value}, not a string, a number, a bigint or a Uint8Array`,
      );
  }
}

function invalid(name: string, why: string): MessageValidationError {
  return new MessageValidationError(`Field ${JSON.stringify(name)} cannot be published: ${why}.`, { field: name });
}

/** Brings bytes into stored form: a string when they are valid UTF-8, otherwise a copy of them. */
export function storedValueOf(bytes: Uint8Array): StoredValue {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('utf8');
  if (!text.includes('\ufffd') || Buffer.from(text, 'utf8').equals(buffer)) return text;
  return Uint8Array.prototype.slice.call(bytes);
}

/**
 * Turns stored fields into a message of strings. Throws `MessageValidationError` when a name or value is not UTF-8;
 * it names the position of the field, never its content. Of a name that comes twice, the last value counts.
 */
export function decodeFields(fields: StoredFields): Fields {
  const message: Fields = {};
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index]!;
    const value = fields[index + 1]!;
    if (typeof name !== 'string' || typeof value !== 'string') {
      throw new MessageValidationError(`Field ${index / 2 + 1} of the entry is not valid UTF-8.`);
    }
    if (name === '__proto__') {
      Object.defineProperty(message, name, { value, writable: true, enumerable: true, configurable: true });
    } else message[name] = value;
  }
  return message;
}
