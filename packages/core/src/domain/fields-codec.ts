import { MessageValidationError } from './errors.js';
import { fieldNames, invalidField } from './field-names.js';
import type { Fields, FieldsInput, StoredFields, StoredValue } from './fields.js';
import { textBytes } from './text-bytes.js';

export { FIELDS_MAX } from './field-names.js';

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
  const { names, blank, bytes: bytesOfNames } = fieldNames(Object.keys(message));
  // A list made from another, not anew: see `EntryDelivery`.
  const fields = blank.slice();
  let bytes = bytesOfNames;
  for (let index = 0; index < names.length; index += 1) {
    const name = names[index]!;
    const given = message[name]!;
    const value = typeof given === 'string' ? given : encodeValue(name, given);
    const size = typeof value === 'string' ? textBytes(value) : value.length;
    if (size === undefined) throw invalidField(name, 'its text has a lone surrogate; publish bytes instead');
    fields[index * 2 + 1] = value;
    bytes += size;
  }
  return { fields, bytes };
}

function encodeValue(name: string, value: unknown): StoredValue {
  switch (typeof value) {
    case 'number':
      if (!Number.isFinite(value)) throw invalidField(name, 'a number must be finite');
      return String(value);
    case 'bigint':
      return String(value);
    default:
      if (value instanceof Uint8Array) return storedValueOf(value);
      throw invalidField(
        name,
        `it is ${value === null ? 'null' : typeof value}, not a string, a number, a bigint or a Uint8Array`,
      );
  }
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
  if (!isOrdinary(fields)) return decodeOneByOne(fields);
  const message: Fields = {};
  const { length } = fields;
  // Written out, since the names at one place are mostly the same in all messages, which the engine learns for each of
  // these lines by itself: a third of the time of a loop.
  if (length > 1) message[fields[0]!] = fields[1]!;
  if (length > 3) message[fields[2]!] = fields[3]!;
  if (length > 5) message[fields[4]!] = fields[5]!;
  if (length > 7) message[fields[6]!] = fields[7]!;
  if (length > 9) message[fields[8]!] = fields[9]!;
  if (length > 11) message[fields[10]!] = fields[11]!;
  for (let index = 12; index + 1 < length; index += 2) message[fields[index]!] = fields[index + 1]!;
  return message;
}

/** Whether all names and values are text, and no name means something else to an object. */
function isOrdinary(fields: StoredFields): fields is readonly string[] {
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index];
    if (typeof name !== 'string' || typeof fields[index + 1] !== 'string' || name === '__proto__') return false;
  }
  return true;
}

function decodeOneByOne(fields: StoredFields): Fields {
  const message: Fields = {};
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index]!;
    const value = fields[index + 1]!;
    if (typeof name !== 'string' || typeof value !== 'string') {
      throw new MessageValidationError(`Field ${index / 2 + 1} of the entry is not valid UTF-8.`);
    }
    Object.defineProperty(message, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return message;
}
