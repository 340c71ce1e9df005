import { isDeepStrictEqual } from 'node:util';
import { SerializationError } from '../domain/errors.js';
import { article, className, type Kind, kindOf } from './kind.js';
import { isAncestor, joinPath, type Located, MapKey, OUTERMOST, type PathKey, Step } from './path.js';

/**
 * How deep a value may be nested that a `SoundnessCheck` accepts. Less than in the state itself, because serializing
 * libraries recurse with large frames: what was stored must never be too deep to be read, whatever is on the stack then.
 */
export const SERIALIZED_DEPTH_MAX = 200;

/** How long an array may be for its names to be listed. */
const LISTED_MAX = 1_000;

const PROTOTYPES: ReadonlySet<unknown> = new Set([
  null,
  Object.prototype,
  Array.prototype,
  Map.prototype,
  Set.prototype,
  Date.prototype,
]);

/** What a format takes beside what state can hold, and what it does not. */
export interface Format {
  /** Whether an object that is of no kind of state's can be stored as it is. */
  holds(value: object): boolean;
  /** Why a bigint cannot be stored, as the end of a sentence such as `is too large`; `undefined` when it can. */
  bigintProblem(value: bigint): string | undefined;
}

/**
 * Finds in a value what a serializer would not bring back as it is: for formats that hold every kind of state, that is
 * plain objects, arrays, Map, Set, Date, and every primitive but symbols. It recurses at most `SERIALIZED_DEPTH_MAX`
 * deep, and reads every property once.
 */
export class SoundnessCheck {
  readonly #format: Format;

  constructor(format: Format) {
    this.#format = format;
  }

  /**
   * Throws `SerializationError`, naming the path such as `items[3].price`, for what would not come back as it is:
   * functions, symbols, class instances, objects of another realm, cycles, holes, accessors, keys that are symbols or
   * not enumerable, properties of arrays, Maps, Sets and Dates, objects as Map keys or Set members, lone surrogates, and
   * nesting beyond `SERIALIZED_DEPTH_MAX`.
   */
  demand(value: unknown): void {
    this.#demand(value, OUTERMOST, undefined, 1);
  }

  #demand(value: unknown, place: Located, key: PathKey | undefined, depth: number): void {
    if (typeof value === 'object' && value !== null) return this.#demandObject(value, place, key, depth);
    const problem = this.#primitiveProblem(value);
    if (problem !== undefined) throw unsound(place, key, problem);
  }

  #primitiveProblem(value: unknown): string | undefined {
    switch (typeof value) {
      case 'string':
        return value.isWellFormed() ? undefined : 'is a string with a lone surrogate';
      case 'bigint':
        return this.#format.bigintProblem(value);
      case 'symbol':
      case 'function':
        return `is a ${typeof value}`;
      default:
        return undefined;
    }
  }

  #demandObject(value: object, place: Located, key: PathKey | undefined, depth: number): void {
    if (depth > SERIALIZED_DEPTH_MAX) throw unsound(place, key, `is nested deeper than ${SERIALIZED_DEPTH_MAX} levels`);
    if (isAncestor(value, place)) throw unsound(place, key, 'contains itself');
    const kind = ownKindOf(value);
    if (kind === undefined) {
      if (this.#format.holds(value)) return;
      throw unsound(place, key, `is ${describe(value)}`);
    }
    const step = new Step(place, key, value);
    if (kind === 'plain object') return this.#demandProperties(value, step, depth);
    if (kind === 'array') return this.#demandElements(value as unknown[], step, depth);
    if (Reflect.ownKeys(value).length > 0) throw unsound(place, key, `is a ${kind} with properties of its own`);
    if (kind === 'Map') this.#demandEntries(value as Map<unknown, unknown>, step, depth);
    if (kind === 'Set') this.#demandMembers(value as Set<unknown>, step);
  }

  #demandProperties(value: object, step: Step, depth: number): void {
    if (Object.getOwnPropertySymbols(value).length > 0) throw unsound(step, undefined, 'has a symbol as a key');
    for (const name of Object.getOwnPropertyNames(value)) {
      const property = Object.getOwnPropertyDescriptor(value, name)!;
      const problem = propertyProblem(name, property);
      if (problem !== undefined) throw unsound(step, name, problem);
      this.#demand(property.value, step, name, depth + 1);
    }
  }

  #demandElements(values: readonly unknown[], step: Step, depth: number): void {
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (value === undefined && !Object.hasOwn(values, index)) throw unsound(step, index, 'is a hole');
      this.#demand(value, step, index, depth + 1);
    }
    if (hasNames(values)) throw unsound(step, undefined, 'is an array with named properties');
  }

  #demandEntries(entries: ReadonlyMap<unknown, unknown>, step: Step, depth: number): void {
    for (const [key, value] of entries) {
      this.#demandKey(key, step, 'Map key');
      this.#demand(value, step, new MapKey(key), depth + 1);
    }
  }

  #demandMembers(members: ReadonlySet<unknown>, step: Step): void {
    for (const member of members) this.#demandKey(member, step, 'Set member');
  }

  /** Map keys and Set members are primitives, because copies of objects could never be found again. */
  #demandKey(key: unknown, step: Step, role: string): void {
    const isObject = typeof key === 'object' && key !== null;
    const problem = isObject ? 'is an object' : this.#primitiveProblem(key);
    if (problem !== undefined) throw unsound(step, undefined, `has a ${role} that ${problem}`);
  }
}

/**
 * The kind of an object of this realm. State takes foreign objects too, because it copies them; a serializer gets the
 * very object, its library asks `instanceof` (a foreign Map would be stored as `{}`), and what it reads is of this realm.
 */
function ownKindOf(value: object): Kind | undefined {
  return PROTOTYPES.has(Object.getPrototypeOf(value)) ? kindOf(value) : undefined;
}

/** Says what an object is that cannot be stored, without its content: `a RegExp`, `a Map of another realm`. */
function describe(value: object): string {
  const foreign = kindOf(value);
  return foreign === undefined ? article(className(value)) : `${article(foreign)} of another realm`;
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

function unsound(place: Located, key: PathKey | undefined, problem: string): SerializationError {
  const path = key === undefined ? place.path() : joinPath(place.path(), key);
  return new SerializationError(`${path === '' ? 'the value' : path} ${problem}, which this serializer refuses`, {
    path,
  });
}
