/**
 * A value as stored in an entry: a string where the bytes are valid UTF-8, the bytes themselves where they are not.
 * Converting a string back to UTF-8 gives exactly the stored bytes, so no reader ever sees replacement characters
 * and no writer loses any.
 */
export type StoredValue = string | Uint8Array;

/** An entry's fields as stored, flat and in order: name, value, name, value … A name may come twice. */
export type StoredFields = readonly StoredValue[];

/** What a field of an untyped message may be given as; numbers must be finite, strings well-formed. */
export type FieldValue = string | number | bigint | Uint8Array;

/** An untyped message to publish: field names and their values, at least one. */
export type FieldsInput = Readonly<Record<string, FieldValue>>;

/** An untyped message as a handler receives it: field names and their values as strings. */
export type Fields = Record<string, string>;
