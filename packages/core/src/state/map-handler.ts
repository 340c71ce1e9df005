import { checkKey } from './copy-value.js';
import { MapKey, type PathKey } from './path.js';
import { trackedBehind } from './proxy-identity.js';
import { mapSlots } from './slots.js';
import { findKey, TrackedHandler } from './tracked-handler.js';
import { TrackedIterator } from './tracked-iterator.js';

/** Makes a Map of the state look and behave as one, and records what is done to it. Its keys are primitives. */
export class MapHandler extends TrackedHandler<Map<unknown, unknown>> {
  keyOf(child: object): PathKey {
    const entries = [...this.target].map(([key, value]) => [new MapKey(key), value] as const);
    return findKey(entries, child);
  }

  override get(target: Map<unknown, unknown>, key: PropertyKey): unknown {
    if (!this.scope.isOpen) this.demandOpen();
    if (key === 'size') return target.size;
    return METHODS.get(key) ?? this.inherited(target, key);
  }

  /** Stores a copy of the value under the key. */
  assign(key: unknown, value: unknown): void {
    checkKey(key, this, 'Map key');
    const tracked = typeof value === 'object' ? trackedBehind(value) : undefined;
    const isSame = tracked !== undefined && tracked.target === this.target.get(key);
    const raw = isSame ? tracked.target : this.scope.take(value, this, new MapKey(key));
    this.scope.log.setKey(this.attribute, mapSlots, this.target, key, raw);
  }

  remove(key: unknown): boolean {
    if (!this.target.has(key)) return false;
    this.scope.log.deleteKey(this.attribute, mapSlots, this.target, key);
    return true;
  }
}

function handlerOf(proxy: unknown): MapHandler {
  const tracked = trackedBehind(proxy);
  if (tracked instanceof MapHandler) return tracked;
  throw new TypeError('this method was taken from a Map of the state and works on those only');
}

function entries(this: unknown): TrackedIterator {
  const map = handlerOf(this);
  return new TrackedIterator(map, (key, value) => [key, map.reveal(value)]);
}

const methods = {
  get(this: unknown, key: unknown): unknown {
    const map = handlerOf(this);
    return map.reveal(map.target.get(key));
  },
  has(this: unknown, key: unknown): boolean {
    return handlerOf(this).target.has(key);
  },
  set(this: unknown, key: unknown, value: unknown): unknown {
    handlerOf(this).assign(key, value);
    return this;
  },
  delete(this: unknown, key: unknown): boolean {
    return handlerOf(this).remove(key);
  },
  clear(this: unknown): void {
    const map = handlerOf(this);
    for (const key of map.target.keys()) map.remove(key);
  },
  keys(this: unknown): TrackedIterator {
    return new TrackedIterator(handlerOf(this), (key) => key);
  },
  values(this: unknown): TrackedIterator {
    const map = handlerOf(this);
    return new TrackedIterator(map, (_, value) => map.reveal(value));
  },
  entries,
  forEach(this: unknown, callback: (value: unknown, key: unknown, map: unknown) => void, thisArg?: unknown): void {
    for (const [key, value] of entries.call(this) as Iterable<[unknown, unknown]>)
      callback.call(thisArg, value, key, this);
  },
};

/** What a proxy of a Map has instead of the language's methods, which work on real Maps only. */
const METHODS: ReadonlyMap<PropertyKey, unknown> = new Map<PropertyKey, unknown>([
  ...Object.entries(methods),
  [Symbol.iterator, entries],
]);
