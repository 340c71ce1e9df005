import { setOwn } from './copy-value.js';

/** Stands for a key that a container does not have. */
export const ABSENT: unique symbol = Symbol('absent');

/** A container whose values have keys and whose keys have an order, seen alike for objects, Maps and Sets. */
export interface Slots<T extends object = object, K = unknown> {
  /** The value under a key, or `ABSENT`. */
  read(target: T, key: K): unknown;
  /** Overwrites in place, or appends. */
  write(target: T, key: K, value: unknown): void;
  remove(target: T, key: K): void;
  /** All keys in iteration order. */
  keys(target: T): Iterable<K>;
  /** Whether the time of insertion decides the key's place in iteration order. */
  isOrdered(key: K): boolean;
}

/** Names that surely are array indices, which objects iterate first and in numeric order (larger ones only cost more). */
const INDEX = /^(?:0|[1-9]\d{0,8})$/;

/** Properties of an object; also elements of an array, which are never inserted or removed this way. */
export const propertySlots: Slots<Record<string, unknown>, string> = {
  read: (target, key) => (Object.hasOwn(target, key) ? target[key] : ABSENT),
  write: setOwn,
  remove: (target, key) => void Reflect.deleteProperty(target, key),
  keys: Object.keys,
  isOrdered: (key) => !INDEX.test(key),
};

/** Entries of a Map. */
export const mapSlots: Slots<Map<unknown, unknown>> = {
  read: (target, key) => {
    const value = target.get(key);
    return value !== undefined || target.has(key) ? value : ABSENT;
  },
  write: (target, key, value) => void target.set(key, value),
  remove: (target, key) => void target.delete(key),
  keys: (target) => target.keys(),
  isOrdered: () => true,
};

/** Members of a Set: a key whose value is `true`. */
export const setSlots: Slots<Set<unknown>> = {
  read: (target, key) => (target.has(key) ? true : ABSENT),
  write: (target, key) => void target.add(key),
  remove: (target, key) => void target.delete(key),
  keys: (target) => target.keys(),
  isOrdered: () => true,
};
