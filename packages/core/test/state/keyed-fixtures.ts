import { storedValueOf } from '../../src/domain/fields-codec.js';
import type { StoredValue } from '../../src/domain/fields.js';
import { KeyedFormat, type KeyedFormatOptions } from '../../src/state/keyed-format.js';
import { KeyedStates } from '../../src/state/keyed-states.js';
import type { Serializer } from '../../src/state/serializer.js';
import { strictJson } from '../../src/state/strict-json.js';
import { TrackedStateTemplate } from '../../src/state/tracked-state-template.js';

type Defaults = () => Record<string, unknown>;

/** Strict JSON with every bit turned over: bytes that are no text. */
export const invertedJson: Serializer = {
  name: 'inverted',
  undefinedProperties: 'deleted',
  serialize: (value) => Buffer.from(strictJson.serialize(value)).map((byte) => ~byte),
  deserialize: (stored) => strictJson.deserialize(Buffer.from(stored as string).map((byte) => ~byte)),
};

/** A format of version 0 in strict JSON, as far as the options do not say otherwise. */
export function createFormat(
  defaults: Defaults,
  options: Partial<Omit<KeyedFormatOptions, 'template'>> = {},
): KeyedFormat {
  const { serializer = strictJson } = options;
  const { undefinedProperties } = serializer;
  const template = new TrackedStateTemplate({ defaults, undefinedProperties });
  return new KeyedFormat({ previousSerializers: [], version: 0, migrate: undefined, ...options, serializer, template });
}

/** A cache without bounds, as far as they are not given. */
export function createStates(
  defaults: Defaults,
  { maxKeys = Infinity, maxBytes = Infinity, format = createFormat(defaults) } = {},
): KeyedStates {
  return new KeyedStates({ format, defaults, undefinedProperties: 'deleted', maxKeys, maxBytes });
}

/** What a store gives for what was written: text wherever the bytes are text. */
export function asStored(written: StoredValue): StoredValue {
  return storedValueOf(Buffer.from(written as string));
}

/** Loads keys into a cache, as what is given for each. */
export function load(states: KeyedStates, values: Readonly<Record<string, StoredValue | undefined>>): void {
  const keys = states.toLoad(Object.keys(values));
  states.put(
    states.generation,
    keys,
    keys.map((key) => values[key]),
  );
}
