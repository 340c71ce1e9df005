import { SerializationError } from '../domain/errors.js';
import type { StoredValue } from '../domain/fields.js';

/**
 * Turns a value of the state into stored bytes and back. Its law: `deserialize(serialize(v))` deep-equals `v`, or
 * `serialize` throws. Both are synchronous and free of side effects.
 */
export interface Serializer {
  /** Stored beside the state, such as `json`; a state stored under another name is refused at start. */
  readonly name: string;
  /** What happens to an object property that is set to undefined: kept as a property, or deleted (in memory too). */
  readonly undefinedProperties: 'kept' | 'deleted';
  /** Throws `SerializationError`, which names the path and never holds the value, for what would not come back as it is. */
  serialize(value: unknown): StoredValue;
  /** Throws `SerializationError` on corrupt input; never executes code that the input names. */
  deserialize(stored: StoredValue): unknown;
}

/** What a serializer gave, which may be a user's own. Throws `SerializationError` for anything but a string or bytes. */
export function demandStored({ name }: Serializer, stored: unknown): StoredValue {
  if (typeof stored === 'string' || stored instanceof Uint8Array) return stored;
  throw new SerializationError(`the value was made neither a string nor bytes by serializer "${name}"`, { path: '' });
}
