import { SerializationError } from '../domain/errors.js';
import { article, className, kindOf } from './kind.js';
import { DEPTH_MAX, isAncestor, joinPath, type Located, MapKey, type PathKey, Step } from './path.js';
import { trackedBehind } from './proxy-identity.js';

/** Sets an own data property, whatever its name: `__proto__` becomes data too and never a prototype. */
export function setOwn(target: object, name: string, value: unknown): void {
  if (name === '__proto__')
    Object.defineProperty(target, name, { value, writable: true, enumerable: true, configurable: true });
  else (target as Record<string, unknown>)[name] = value;
}

/** Refuses a value at a place, in words such as `is a RegExp, which state cannot hold`. */
export function refusal(path: string, reason: string): SerializationError {
  return new SerializationError(`${path === '' ? 'the value' : path} ${reason}`, { path });
}

/**
 * Copies what a handler assigns into the state, to any depth, and refuses with `SerializationError` what state cannot
 * track: class instances, functions, symbols, accessors, cycles, objects as Map keys or Set members, arrays with holes.
 * A proxy of the state gives a copy of what is behind it. Null-prototype objects become ordinary ones, as they would by
 * being stored and restored.
 */
export class ValueCopier {
  readonly dropsUndefined: boolean;
  /** How many parts of the state have been met in what was copied so far. */
  partsMet = 0;

  constructor(dropsUndefined: boolean) {
    this.dropsUndefined = dropsUndefined;
  }

  /** Copies the value that `parent` is to hold under `key`, `depth` levels below the attributes. */
  copy(value: unknown, parent: Located, key: PathKey, depth: number): unknown {
    if (typeof value === 'function' || typeof value === 'symbol') {
      throw refusal(joinPath(parent.path(), key), `is a ${typeof value}, which state cannot hold`);
    }
    if (typeof value !== 'object' || value === null) return value;
    if (depth > DEPTH_MAX) throw refusal(joinPath(parent.path(), key), `is nested deeper than ${DEPTH_MAX} levels`);
    if (isAncestor(value, parent))
      throw refusal(joinPath(parent.path(), key), 'contains itself, which state cannot hold');
    const step = new Step(parent, key, value);
    const tracked = trackedBehind(value);
    if (tracked !== undefined) {
      this.partsMet += 1;
      return cloneState(tracked.target, step, depth);
    }
    return this.#copyObject(value, step, depth);
  }

  #copyObject(value: object, step: Step, depth: number): object {
    const kind = kindOf(value);
    if (kind === undefined) throw refusal(step.path(), `is ${article(className(value))}, which state cannot hold`);
    if (kind === 'plain object') return this.#copyPlain(value, step, depth);
    if (kind === 'array') return this.#copyArray(value as unknown[], step, depth);
    if (Object.getOwnPropertyNames(value).length > 0 || hasSymbols(value))
      throw refusal(step.path(), `is ${article(kind)} with properties of its own, which state cannot hold`);
    if (kind === 'Date') return new Date((value as Date).getTime());
    return kind === 'Map'
      ? this.#copyMap(value as Map<unknown, unknown>, step, depth)
      : copySet(value as Set<unknown>, step);
  }

  #copyPlain(source: object, step: Step, depth: number): object {
    const copy = {};
    if (hasSymbols(source)) throw refusal(step.path(), 'has a symbol as a key, which state cannot hold');
    for (const name of Object.getOwnPropertyNames(source)) {
      const property = Reflect.getOwnPropertyDescriptor(source, name)!;
      if (property.get !== undefined || property.set !== undefined)
        throw refusal(joinPath(step.path(), name), 'is an accessor, which state cannot hold');
      if (property.enumerable !== true)
        throw refusal(joinPath(step.path(), name), 'is not enumerable, which state cannot hold');
      const value: unknown = property.value;
      if (value === undefined && this.dropsUndefined) continue;
      setOwn(copy, name, typeof value === 'number' ? value : this.copy(value, step, name, depth + 1));
    }
    return copy;
  }

  #copyArray(source: readonly unknown[], step: Step, depth: number): unknown[] {
    const copy: unknown[] = [];
    for (let index = 0; index < source.length; index++) {
      const value = source[index];
      if (value === undefined && !Object.hasOwn(source, index))
        throw refusal(joinPath(step.path(), index), 'is a hole, which state cannot hold');
      copy.push(typeof value === 'number' ? value : this.copy(value, step, index, depth + 1));
    }
    if (Object.getOwnPropertyNames(source).length !== source.length + 1 || hasSymbols(source))
      throw refusal(step.path(), 'is an array with named properties, which state cannot hold');
    return copy;
  }

  #copyMap(source: ReadonlyMap<unknown, unknown>, step: Step, depth: number): Map<unknown, unknown> {
    const copy = new Map<unknown, unknown>();
    for (const [key, value] of source) {
      checkKey(key, step, 'Map key');
      copy.set(key, this.copy(value, step, new MapKey(key), depth + 1));
    }
    return copy;
  }
}

/** Names and symbols are asked for apart because `Reflect.ownKeys` is ten times slower than both. */
function hasSymbols(value: object): boolean {
  return Object.getOwnPropertySymbols(value).length > 0;
}

function copySet(source: ReadonlySet<unknown>, step: Step): Set<unknown> {
  const copy = new Set<unknown>();
  for (const member of source) copy.add(checkKey(member, step, 'Set member'));
  return copy;
}

/** Returns a Map key or Set member, which must be a primitive: objects are copied, so one could never be found again. */
export function checkKey(key: unknown, place: Located, role: 'Map key' | 'Set member'): unknown {
  const isPrimitive = (typeof key !== 'object' || key === null) && typeof key !== 'function' && typeof key !== 'symbol';
  if (isPrimitive) return key;
  const name = typeof key === 'object' ? article(className(key as object)) : `a ${typeof key}`;
  throw refusal(place.path(), `has ${name} as a ${role}; only primitive values can be one`);
}

/** Copies a value of the state that is known to be sound; `place` and `depth` only serve the bound of depth. */
export function cloneState<T>(value: T, place: Located, depth: number): T {
  return (typeof value === 'object' && value !== null ? cloneObject(value, place, depth) : value) as T;
}

function cloneObject(source: object, place: Located, depth: number): object {
  if (depth > DEPTH_MAX) throw refusal(place.path(), `is nested deeper than ${DEPTH_MAX} levels`);
  switch (kindOf(source)) {
    case 'array':
      return (source as unknown[]).map((value) => cloneState(value, place, depth + 1));
    case 'Map':
      return new Map(
        [...(source as Map<unknown, unknown>)].map(([key, value]) => [key, cloneState(value, place, depth + 1)]),
      );
    case 'Set':
      return new Set(source as Set<unknown>);
    case 'Date':
      return new Date((source as Date).getTime());
    case 'plain object':
      return clonePlain(source, place, depth);
    case undefined:
      throw refusal(place.path(), `holds ${article(className(source))}, which state cannot hold`);
  }
}

function clonePlain(source: object, place: Located, depth: number): object {
  const copy = {};
  for (const name of Object.keys(source)) {
    setOwn(copy, name, cloneState((source as Record<string, unknown>)[name], place, depth + 1));
  }
  return copy;
}
