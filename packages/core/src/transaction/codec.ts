import { isArsError, MessageValidationError, SerializationError } from '../domain/errors.js';
import { decodeFields, encodeFields } from '../domain/fields-codec.js';
import type { EncodedFields } from '../domain/fields-codec.js';
import type { Fields, FieldsInput, StoredFields } from '../domain/fields.js';
import { demandStored } from '../state/serializer.js';
import type { Serializer } from '../state/serializer.js';
import { strictJson } from '../state/strict-json.js';

/**
 * Turns messages into stored fields and back. `In` is what may be published, `Out` what a reader gets.
 * Both directions throw `MessageValidationError` for what they cannot take; nothing is ever changed silently.
 */
export interface Codec<In, Out> {
  readonly name: string;
  encode(message: In): EncodedFields;
  decode(fields: StoredFields): Out;
}

/** Messages as named fields: strings, numbers, bigints and bytes go in, strings come out; the default of plain streams. */
export const fieldsCodec: Codec<FieldsInput, Fields> = {
  name: 'fields',
  encode: encodeFields,
  decode: decodeFields,
};

/** Messages as named fields whose values come out as bytes, whatever they hold. Names must be UTF-8. */
export const binaryCodec: Codec<FieldsInput, Record<string, Uint8Array>> = {
  name: 'binary',
  encode: encodeFields,
  decode: decodeBinary,
};

/** Any JSON value as one field, `json`; refuses what JSON would change. */
export const jsonCodec: Codec<unknown, unknown> = serializerCodec(strictJson);

/** Any value that the serializer can store, as one field that is named after it. */
export function serializerCodec(serializer: Serializer): Codec<unknown, unknown> {
  return {
    name: serializer.name,
    encode(message) {
      const value = guarded('A message cannot be stored', () =>
        demandStored(serializer, serializer.serialize(message)),
      );
      return { fields: [serializer.name, value], bytes: serializer.name.length + Buffer.byteLength(value) };
    },
    decode(fields) {
      if (fields.length !== 2 || fields[0] !== serializer.name) {
        throw new MessageValidationError(`The entry does not consist of one field "${serializer.name}".`);
      }
      return guarded('The entry cannot be read', () => serializer.deserialize(fields[1]!));
    },
  };
}

function decodeBinary(fields: StoredFields): Record<string, Uint8Array> {
  const message: Record<string, Uint8Array> = {};
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const name = fields[index]!;
    const stored = fields[index + 1]!;
    if (typeof name !== 'string')
      throw new MessageValidationError(`The name of field ${index / 2 + 1} is not valid UTF-8.`);
    const value = typeof stored === 'string' ? Buffer.from(stored, 'utf8') : Buffer.from(stored);
    Object.defineProperty(message, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return message;
}

function guarded<T>(what: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const why = error instanceof SerializationError || isArsError(error) ? error.message : 'the serializer failed';
    throw new MessageValidationError(`${what}: ${why}`, {}, error);
  }
}
