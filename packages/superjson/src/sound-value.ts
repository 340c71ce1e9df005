import { isDeepStrictEqual } from 'node:util';
import { SerializationError } from '@ars/core';
import { describeKind, kindOf } from './kind.js';
import { isAncestor, MapKey, type PathKey, pathOf, Place } from './place.js';

/**
 * How deep a value may be nested. Less than in the state of `@ars/core`, because the libraries below recurse with large
 * frames: what was stored must never be too deep to be read, whatever is on the stack then.
 */
export const DEPTH_MAX = 200;

/** How long an array may be for its names to be listed. */
const LISTED_MAX = 1_000;

/** What a format takes beside what state can hold, and what it does not. */
export interface Format {
  /** Whether an object that is of no kind of state's can be stored as it is. */
  holds(value: object): boolean;
  /** Why a bigint cannot be stored, as the end of a sentence; `undefined` when it can. */
  bigintProblem(value: bigint): string | undefined;
}

/** Checks values for one format. It recurses at most `DEPTH_MAX` deep, and reads every property once. */
export class SoundnessCheck {
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  /**
   * Throws `SerializationError`, naming the path such as `items[3].price`, for what would not come back as it is:
   * functions, symbols, class instances, cycles, holes, accessors, keys that are symbols or not enumerable, properties
   * of arrays, Maps, Sets and Dates, objects as Map keys or Set members, lone surrogates, and nesting beyond `DEPTH_MAX`.
   */
  demand(value: unknown): void {
    this.#demand(value, undefined, undefined);
  }

  #demand(value: unknown, parent: Place | undefined, key: PathKey | undefined): void {
    if (typeof value === 'object' && value !== null) return this.#demandObject(value, parent, key);
    const problem = this.#primitiveProblem(value);
    if (problem !== undefined) throw unsound(pathOf(parent, key), problem);
  }

  #primitiveProblem(value: unknown): string | undefined {
    switch (typeof value) {
      case 'string':
        return value.isWellFormed() ? undefined : 'is a string with a lone surrogate';
      case 'bigint':
        return this.#format.bigintProblem(value);
      case 'symbol':
      case 'function':
        return `is ${describeKind(value)}`;
      default:
        return undefined;
    }
  }

  #demandObject(value: object, parent: Place | undefined, key: PathKey | undefined): void {
    const place = new Place(value, parent, key);
    if (place.depth > DEPTH_MAX) throw unsound(place.path(), `is nested deeper than ${DEPTH_MAX} levels`);
    if (isAncestor(value, parent)) throw unsound(place.path(), 'contains itself');
    const kind = kindOf(value);
    if (kind === 'plain object') return this.#demandProperties(value, place);
    if (kind === 'array') return this.#demandElements(value as unknown[], place);
    if (kind === undefined) {
      if (this.#format.holds(value)) return;
      throw unsound(place.path(), `is ${describeKind(value)}`);
    }
    if (Reflect.ownKeys(value).length > 0) throw unsound(place.path(), `is a ${kind} with properties of its own`);
    if (kind === 'Map') this.#demandEntries(value as Map<unknown, unknown>, place);
    if (kind === 'Set') this.#demandMembers(value as Set<unknown>, place);
  }

  #demandProperties(value: object, place: Place): void {
    if (Object.getOwnPropertySymbols(value).length > 0) throw unsound(place.path(), 'has a symbol as a key');
    for (const name of Object.getOwnPropertyNames(value)) {
      const property = Object.getOwnPropertyDescriptor(value, name)!;
      const problem = propertyProblem(name, property);
      if (problem !== undefined) throw unsound(pathOf(place, name), problem);
      this.#demand(property.value, place, name);
    }
  }

  #demandElements(values: readonly unknown[], place: Place): void {
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value === undefined && !Object.hasOwn(values, index)) throw unsound(pathOf(place, index), 'is a hole');
      this.#demand(value, place, index);
    }
    if (hasNames(values)) throw unsound(place.path(), 'is an array with named properties');
  }

  #demandEntries(entries: ReadonlyMap<unknown, unknown>, place: Place): void {
    for (const [key, value] of entries) {
      this.#demandKey(key, place, 'Map key');
      this.#demand(value, place, new MapKey(key));
    }
  }

  #demandMembers(members: ReadonlySet<unknown>, place: Place): void {
    for (const member of members) this.#demandKey(member, place, 'Set member');
  }

  /** Map keys and Set members are primitives, because copies of objects could never be found again. */
  #demandKey(key: unknown, place: Place, role: string): void {
    const isObject = typeof key === 'object' && key !== null;
    const problem = isObject ? 'is an object' : this.#primitiveProblem(key);
    if (problem !== undefined) throw unsound(place.path(), `has a ${role} that ${problem}`);
  }
}

/**
 * Listing the names of an array makes a string of every index, so for long ones it is compared with a copy that has no
 * names. The elements are identical, so that looks into none; it overlooks only names that are not enumerable.
 */
function hasNames(values: readonly unknown[]): boolean {
  if (Object.getOwnPropertySymbols(values).length > 0) return true;
  if (values.length > LISTED_MAX) return !isDeepStrictEqual(values, [...values]);
  return Object.getOwnPropertyNames(values).length !== values.length + 1;
}

function propertyProblem(name: string, property: PropertyDescriptor): string | undefined {
  if (!name.isWellFormed()) return 'has a name with a lone surrogate';
  if (property.get !== undefined || property.set !== undefined) return 'is an accessor';
  return property.enumerable === true ? undefined : 'is not enumerable';
}

function unsound(path: string, problem: string): SerializationError {
  const subject = path === '' ? 'the value' : path;
  return new SerializationError(`${subject} ${problem}, which this serializer refuses`, { path });
}
