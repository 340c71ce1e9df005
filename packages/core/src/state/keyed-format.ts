import { isArsError, SerializationError, StateSchemaError } from '../domain/errors.js';
import type { StoredValue } from '../domain/fields.js';
import { setOwn } from './copy-value.js';
import { escapeName, joinHeader, type KeyedHeader, splitHeader } from './keyed-header.js';
import { kindOf } from './kind.js';
import { joinPath, OUTERMOST } from './path.js';
import { demandStored } from './serializer.js';
import type { Serializer } from './serializer.js';
import { strictJson } from './strict-json.js';
import type { TrackedStateTemplate } from './tracked-state-template.js';

type Attributes = Record<string, unknown>;

/** How much of a key an error quotes. */
const NAMED_MAX = 100;

/** What surely is the name of a serializer. */
const NAME = /^[\w@./ -]{1,60}$/;

/** How the states of keys are stored, and what they consist of. */
export interface KeyedFormatOptions {
  /** Writes, and reads what it has written. */
  readonly serializer: Serializer;
  /** Read what they have written. */
  readonly previousSerializers: readonly Serializer[];
  /** The version that is written; lower ones are migrated when they are read, higher ones refused. */
  readonly version: number;
  /** Turns the attributes of a lower version into those of this one. */
  readonly migrate: ((stored: Record<string, unknown>, fromVersion: number) => Record<string, unknown>) | undefined;
  /** What the attributes are declared as. */
  readonly template: TrackedStateTemplate;
}

/** The state of one key, read and brought into present form. */
export interface DecodedKey {
  /** The attributes that were stored, or that a migration made of them; those missing take their defaults. */
  readonly values: Map<string, unknown>;
  /** Milliseconds since 1970 by entries' timestamps; `undefined` for never. */
  readonly expiresAt: number | undefined;
}

/**
 * How the state of one key is stored (P27): as `<version>,<expiresAt or empty>,<serializer>,` and then what the
 * serializer makes of the attributes as one object. Commas and percent signs in the serializer's name are percent-encoded.
 */
export class KeyedFormat {
  readonly #options: KeyedFormatOptions;
  readonly #start: string;
  readonly #end: string;

  constructor(options: KeyedFormatOptions) {
    this.#options = options;
    this.#start = `${options.version},`;
    this.#end = `,${escapeName(options.serializer.name)},`;
  }

  /**
   * The stored form. `expiresAt` is a whole number of milliseconds, not negative. Throws `SerializationError`, naming
   * the key and the path within its state, for what could not be read again; also for attributes that are not declared.
   */
  encode(key: string, attributes: Readonly<Attributes>, expiresAt: number | undefined): StoredValue {
    if (expiresAt !== undefined && !(Number.isSafeInteger(expiresAt) && expiresAt >= 0)) {
      throw new TypeError('expiresAt must be a whole number of milliseconds, not negative');
    }
    return joinHeader(`${this.#start}${expiresAt ?? ''}${this.#end}`, this.#serialize(key, attributes));
  }

  /**
   * Reads a stored form, migrates it if it is of a lower version, and checks that it fits what the code declares.
   * Throws `SerializationError` when it is corrupt, and `StateSchemaError` when it does not fit: of a serializer that is
   * not listed, a newer version, a lower one without `migrate`, with an attribute that is not declared, or whose kind is
   * not its default's.
   */
  decode(key: string, stored: StoredValue): DecodedKey {
    const header = splitHeader(stored);
    if (header === undefined) throw unreadable(key, undefined);
    const { serializer } = this.#options;
    // Newer code may have another serializer too, and then is what the error has to ask for.
    const isMigrated = this.#needsMigration(key, header);
    const reader = this.#readerOf(key, header);
    const isOutdated = isMigrated || reader.name !== serializer.name;
    const read = this.#deserialize(key, reader, header.payload);
    const present = isMigrated ? this.#migrate(key, read, header.version) : read;
    const values = this.#fitting(key, isOutdated ? this.#rewritten(key, present) : present, isMigrated);
    return { values, expiresAt: header.expiresAt };
  }

  /** When a stored state expires; `undefined` for never, and for one that cannot be read. */
  expiryOf(stored: StoredValue): number | undefined {
    return splitHeader(stored)?.expiresAt;
  }

  #serialize(key: string, attributes: Readonly<Attributes>): StoredValue {
    const { serializer } = this.#options;
    const plain = this.#plain(key, attributes);
    try {
      return demandStored(serializer, serializer.serialize(plain));
    } catch (error) {
      const why = isArsError(error) ? error.message : `serializer "${serializer.name}" has failed`;
      throw unstorable(key, isArsError(error) ? error.details['path'] : undefined, why, error);
    }
  }

  /** The attributes as an ordinary object, which serializers walk several times faster than one without a prototype. */
  #plain(key: string, attributes: Readonly<Attributes>): Attributes {
    const { rules } = this.#options.template;
    const plain: Attributes = {};
    for (const name of Object.keys(attributes)) {
      if (!rules.declares(name)) {
        const path = joinPath('', name);
        throw unstorable(key, path, `${path} is not declared as an attribute`, undefined);
      }
      setOwn(plain, name, attributes[name]);
    }
    return plain;
  }

  #readerOf(key: string, header: KeyedHeader): Serializer {
    const { serializer, previousSerializers } = this.#options;
    if (serializer.name === header.serializer) return serializer;
    const previous = previousSerializers.find(({ name }) => name === header.serializer);
    if (previous !== undefined) return previous;
    // In a damaged header, a part of the state may stand for the name.
    const stored = NAME.test(header.serializer) ? `serializer "${header.serializer}"` : 'another serializer';
    throw new StateSchemaError(
      `The state of key ${named(key)} is stored with ${stored}, but "${serializer.name}" is set. ` +
        'Set that one, or list it in previousSerializers to read with it and write with the new one.',
      { key },
    );
  }

  #needsMigration(key: string, header: KeyedHeader): boolean {
    const { version, migrate } = this.#options;
    if (header.version === version) return false;
    const stored = `The state of key ${named(key)} is stored in version ${header.version}`;
    if (header.version > version) {
      throw new StateSchemaError(
        `${stored}, which is newer than this code's stateVersion ${version}: run the newer code.`,
        { key },
      );
    }
    if (migrate !== undefined) return true;
    throw new StateSchemaError(
      `${stored}, but stateVersion is ${version}: give migrate, which turns the one into the other.`,
      { key },
    );
  }

  #deserialize(key: string, reader: Serializer, payload: StoredValue): Attributes {
    try {
      const value = reader.deserialize(payload);
      demandAttributes(value, 'the stored value is not an object of attributes');
      // What JSON gives, state can hold; of others' values that is found out here rather than by a handler.
      return reader === strictJson ? value : this.#copied(value);
    } catch (cause) {
      throw unreadable(key, cause);
    }
  }

  #migrate(key: string, stored: Attributes, from: number): Attributes {
    const { version, migrate } = this.#options;
    try {
      const migrated: unknown = migrate!(stored, from);
      // That of an async migrate may reject, and nobody waits for it.
      if (migrated instanceof Promise) migrated.catch(() => {});
      demandAttributes(migrated, 'migrate must return the attributes as a plain object, and not as a promise of one');
      return this.#copied(migrated);
    } catch (cause) {
      throw new StateSchemaError(
        `The state of key ${named(key)} could not be migrated from version ${from} to ${version}. It was left as it is.`,
        { key },
        cause,
      );
    }
  }

  /** As it will be read once it has been written; what cannot be stored is refused now rather than by a commit. */
  #rewritten(key: string, attributes: Attributes): Attributes {
    const { serializer } = this.#options;
    try {
      const value = serializer.deserialize(serializer.serialize(attributes));
      demandAttributes(value, 'the value came back as something else than attributes');
      return value;
    } catch (cause) {
      throw new StateSchemaError(
        `The state of key ${named(key)} cannot be stored with serializer "${serializer.name}". It was left as it is.`,
        { key },
        cause,
      );
    }
  }

  #copied(attributes: Attributes): Attributes {
    return this.#options.template.copier.copy(attributes, OUTERMOST, 'state', 0) as Attributes;
  }

  #fitting(key: string, attributes: Attributes, isMigrated: boolean): Map<string, unknown> {
    const { rules } = this.#options.template;
    const values = new Map<string, unknown>();
    for (const name of Object.keys(attributes)) {
      if (!rules.declares(name)) throw undeclared(key, name, isMigrated);
      const value = attributes[name];
      const problem = rules.kindProblem(name, value);
      if (problem !== undefined) {
        throw new StateSchemaError(`Stored attribute ${named(name)} of key ${named(key)}: ${problem}.`, {
          key,
          attribute: name,
        });
      }
      values.set(name, value);
    }
    return values;
  }
}

/** Quotes a key or an attribute's name for an error, and cuts long ones. */
function named(key: string): string {
  return JSON.stringify(key.length > NAMED_MAX ? `${key.slice(0, NAMED_MAX)}…` : key);
}

function demandAttributes(value: unknown, problem: string): asserts value is Attributes {
  if (typeof value !== 'object' || value === null || kindOf(value) !== 'plain object') throw new TypeError(problem);
  if (Object.values(value).includes(undefined)) throw new TypeError('an attribute is undefined; use null');
}

function unreadable(key: string, cause: unknown): SerializationError {
  return new SerializationError(
    `The stored state of key ${named(key)} cannot be read. It was left as it is.`,
    { key },
    cause,
  );
}

function unstorable(key: string, path: unknown, why: string, cause: unknown): SerializationError {
  return new SerializationError(`The state of key ${named(key)} cannot be stored: ${why}.`, { key, path }, cause);
}

function undeclared(key: string, attribute: string, isMigrated: boolean): StateSchemaError {
  const text = isMigrated
    ? `Attribute ${named(attribute)}, which migrate gave for key ${named(key)}, is not declared. Declare it, or leave it out.`
    : `Attribute ${named(attribute)} is stored for key ${named(key)}, but not declared any more. ` +
      'Declare it again, or raise stateVersion and give migrate.';
  return new StateSchemaError(text, { key, attribute });
}
