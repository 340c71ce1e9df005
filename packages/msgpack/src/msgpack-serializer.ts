import { isArsError, SerializationError, type Serializer, type StoredValue } from '@ars/core';
// Not from 'msgpackr': that would load msgpackr-extract, native code that reads strings.
import { Packr, RESET_BUFFER_MODE } from 'msgpackr/pack';
import { corrupt } from './corrupt.js';
import { WireReader } from './from-wire.js';
import { SoundnessCheck } from './sound-value.js';
import { toWire } from './to-wire.js';
import { WireScan } from './wire-scan.js';

const packr = new Packr({
  useRecords: false,
  mapsAsObjects: true,
  variableMapSize: true,
  useToJSON: false,
});

function isByteArray(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return ArrayBuffer.isView(value) && (prototype === Uint8Array.prototype || prototype === Buffer.prototype);
}

const soundness = new SoundnessCheck({ holds: isByteArray, bigintProblem: () => undefined });

function serialize(value: unknown): StoredValue {
  soundness.demand(value);
  try {
    // msgpackr writes into one buffer again and again: a copy leaves.
    return new Uint8Array(packr.pack(toWire(value), RESET_BUFFER_MODE));
  } catch {
    throw new SerializationError('the value is too large for msgpackr', { path: '' });
  }
}

function bytesOf(stored: StoredValue): Buffer {
  if (typeof stored !== 'string') return Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (!stored.isWellFormed()) throw corrupt('they were given as text with a lone surrogate');
  return Buffer.from(stored, 'utf8');
}

/** Causes are left out: their texts may quote the input. */
function deserialize(stored: StoredValue): unknown {
  const bytes = bytesOf(stored);
  const entries = new WireScan(bytes).run();
  try {
    const reader = new WireReader();
    const value = reader.value(packr.unpack(bytes));
    if (reader.entries !== entries) throw corrupt('a key of a map comes twice');
    soundness.demand(value);
    return value;
  } catch (error) {
    if (isArsError(error)) throw error;
    throw corrupt('msgpackr cannot read them');
  }
}

/**
 * Stores state as msgpack: beside what JSON holds, also Date (invalid ones, too), Map, Set, bigint of any size,
 * undefined, NaN, ±Infinity, -0, and for messages Uint8Array and Buffer, which state cannot hold. What would not come
 * back as it is, is a `SerializationError` that names its path.
 *
 * Reading accepts standard msgpack without extension types, all of it checked before msgpackr sees it; 64-bit integers
 * are bigints. What `deserialize` accepts, `serialize` accepts again. Null-prototype objects come back as ordinary
 * ones, an object held twice as two.
 */
export const msgpackSerializer: Serializer = {
  name: 'msgpack',
  undefinedProperties: 'kept',
  serialize,
  deserialize,
};
