import { isArsError, SerializationError, type Serializer, SoundnessCheck, type StoredValue } from '@ars/core';
import { corrupt } from './corrupt.js';
import { demandEnvelope } from './envelope.js';
import { ownSuperJson } from './own-superjson.js';
import { BIGINT_DIGITS_MAX } from './type-tag.js';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** Counted in hexadecimal, because decimal digits take long to find out; a little below the bound for reading. */
const HEX_DIGITS_MAX = Math.floor(BIGINT_DIGITS_MAX / Math.log10(16)) - 2;

const soundness = new SoundnessCheck({
  holds: () => false,
  bigintProblem: (value) =>
    BigInt.asIntN(64, value) !== value && value.toString(16).length > HEX_DIGITS_MAX
      ? `is a bigint of more than about ${BIGINT_DIGITS_MAX} digits`
      : undefined,
});

function serialize(value: unknown): string {
  try {
    soundness.demand(value);
    const { json, meta } = ownSuperJson.serialize(value);
    // Equal references are left out: state holds trees, and every copy is in the JSON anyway.
    return JSON.stringify(meta?.values === undefined ? { json } : { json, meta: { values: meta.values, v: meta.v } });
  } catch (error) {
    if (isArsError(error)) throw error;
    throw new SerializationError('the value cannot be read, or is too large for superjson', { path: '' });
  }
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw corrupt('it is not valid UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw corrupt('it is not valid JSON');
  }
}

/** Causes are left out: their texts may quote the input. */
function deserialize(stored: StoredValue): unknown {
  const envelope = parse(typeof stored === 'string' ? stored : decode(stored));
  demandEnvelope(envelope);
  try {
    const value: unknown = ownSuperJson.deserialize(envelope, { inPlace: true });
    soundness.demand(value);
    return value;
  } catch (error) {
    if (isArsError(error)) throw error;
    throw corrupt('superjson cannot read it');
  }
}

/**
 * Stores state as superjson's JSON text: beside what JSON holds, also Date (invalid ones, too), Map, Set, bigint,
 * undefined, NaN, ±Infinity and -0. What would not come back as it is, is a `SerializationError` that names its path.
 *
 * Reading accepts only what it writes: an envelope is checked before superjson sees it, and types that construct
 * anything else (Error, RegExp, URL, classes, symbols, typed arrays) are refused. What `deserialize` accepts,
 * `serialize` accepts again. Null-prototype objects come back as ordinary ones, an object held twice as two.
 */
export const superjsonSerializer: Serializer = {
  name: 'superjson',
  undefinedProperties: 'kept',
  serialize,
  deserialize,
};
