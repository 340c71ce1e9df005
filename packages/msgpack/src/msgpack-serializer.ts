import { isArsError, SerializationError, type Serializer, SoundnessCheck, type StoredValue } from '@ars/core';
// Not from 'msgpackr': that would load msgpackr-extract, native code that reads strings.
import { Packr, RESET_BUFFER_MODE } from 'msgpackr/pack';
import { corrupt } from './corrupt.js';
import { WireReader } from './from-wire.js';
import { WireWriter } from './to-wire.js';
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

/** One byte, and how msgpack writes it. */
const SAMPLE = Uint8Array.of(1);
const SAMPLE_WIRE = Uint8Array.of(0xc4, 1, 1);

function pack(wire: unknown): Uint8Array {
  // msgpackr writes into one buffer again and again: a copy leaves.
  return new Uint8Array(packr.pack(wire, RESET_BUFFER_MODE));
}

/** What msgpackr makes of bytes depends on `addExtension`, which any code may call, for all the process. */
function demandPlainBytes(): void {
  if (SAMPLE_WIRE.every((byte, index) => pack(SAMPLE)[index] === byte)) return;
  throw new SerializationError('an extension that was added to msgpackr changes how bytes are written', { path: '' });
}

function serialize(value: unknown): StoredValue {
  try {
    soundness.demand(value);
    const writer = new WireWriter();
    const wire = writer.wire(value);
    if (writer.hasBytes) demandPlainBytes();
    return pack(wire);
  } catch (error) {
    if (isArsError(error)) throw error;
    throw new SerializationError('the value cannot be read, or is too large for msgpackr', { path: '' });
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
