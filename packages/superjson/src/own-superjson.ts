import { SuperJSON } from 'superjson';

/** Names that superjson refuses, since a path through one could lead to a prototype. */
const RESERVED_NAMES: readonly string[] = ['__proto__', 'constructor', 'prototype'];

/** The custom type of an object that has a reserved name: a list of names and values. */
export const ENTRIES = 'ars/entries';
/** The custom type of a Date that is no date, which superjson alone would turn into null. */
export const INVALID_DATE = 'ars/invalid-date';

/** Tells whether superjson cannot hold a property of this name. */
export function isReservedName(name: string): boolean {
  return RESERVED_NAMES.includes(name);
}

function hasReservedName(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return RESERVED_NAMES.some((name) => Object.hasOwn(value, name));
}

function isInvalidDate(value: unknown): value is Date {
  return value instanceof Date && Number.isNaN(value.getTime());
}

/** Defines every property as own data, whatever its name. */
function objectOf(entries: readonly (readonly [string, unknown])[]): Record<string, unknown> {
  const object = {};
  for (const [name, value] of entries) {
    Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
  }
  return object;
}

type Entries = [string, never][];

function createSuperJson(): SuperJSON {
  const own = new SuperJSON();
  own.registerCustom<Record<string, unknown>, Entries>(
    {
      isApplicable: hasReservedName,
      serialize: (object) => Object.entries(object) as Entries,
      deserialize: objectOf,
    },
    ENTRIES,
  );
  own.registerCustom<Date, null>(
    { isApplicable: isInvalidDate, serialize: () => null, deserialize: () => new Date(Number.NaN) },
    INVALID_DATE,
  );
  return own;
}

/** An instance of its own, so that what a program registers with superjson (classes, symbols, transformers) plays no part. */
export const ownSuperJson: SuperJSON = createSuperJson();
