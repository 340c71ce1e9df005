import { checkKey } from './copy-value.js';
import { DETACHED, type PathKey } from './path.js';
import { trackedBehind } from './proxy-identity.js';
import { setSlots } from './slots.js';
import { TrackedHandler } from './tracked-handler.js';
import { TrackedIterator } from './tracked-iterator.js';

/** Makes a Set of the state look and behave as one, and records what is done to it. Its members are primitives. */
export class SetHandler extends TrackedHandler<Set<unknown>> {
  keyOf(): PathKey {
    return DETACHED;
  }

  override get(target: Set<unknown>, key: PropertyKey): unknown {
    if (!this.scope.isOpen) this.demandOpen();
    if (key === 'size') return target.size;
    return METHODS.get(key) ?? this.inherited(target, key);
  }

  add(member: unknown): void {
    checkKey(member, this, 'Set member');
    this.scope.log.setKey(this.attribute, setSlots, this.target, member, true);
  }

  remove(member: unknown): boolean {
    if (!this.target.has(member)) return false;
    this.scope.log.deleteKey(this.attribute, setSlots, this.target, member);
    return true;
  }
}

function handlerOf(proxy: unknown): SetHandler {
  const tracked = trackedBehind(proxy);
  if (tracked instanceof SetHandler) return tracked;
  throw new TypeError('this method was taken from a Set of the state and works on those only');
}

function members(this: unknown): TrackedIterator {
  return new TrackedIterator(handlerOf(this), (member) => member);
}

const methods = {
  has(this: unknown, member: unknown): boolean {
    return handlerOf(this).target.has(member);
  },
  add(this: unknown, member: unknown): unknown {
    handlerOf(this).add(member);
    return this;
  },
  delete(this: unknown, member: unknown): boolean {
    return handlerOf(this).remove(member);
  },
  clear(this: unknown): void {
    const set = handlerOf(this);
    for (const member of set.target) set.remove(member);
  },
  entries(this: unknown): TrackedIterator {
    return new TrackedIterator(handlerOf(this), (member) => [member, member]);
  },
  forEach(this: unknown, callback: (value: unknown, key: unknown, set: unknown) => void, thisArg?: unknown): void {
    for (const member of members.call(this)) callback.call(thisArg, member, member, this);
  },
};

/** Methods of newer versions of the language that only read; they are given a copy to work on. */
const READING = [
  'union',
  'intersection',
  'difference',
  'symmetricDifference',
  'isSubsetOf',
  'isSupersetOf',
  'isDisjointFrom',
];

function onCopy(name: string): [PropertyKey, unknown][] {
  const method = Reflect.get(Set.prototype, name) as ((other: unknown) => unknown) | undefined;
  if (method === undefined) return [];
  return [
    [
      name,
      function (this: unknown, other: unknown) {
        return method.call(new Set(handlerOf(this).target), other);
      },
    ],
  ];
}

/** What a proxy of a Set has instead of the language's methods, which work on real Sets only. */
const METHODS: ReadonlyMap<PropertyKey, unknown> = new Map<PropertyKey, unknown>([
  ...Object.entries(methods),
  ...READING.flatMap(onCopy),
  ['keys', members],
  ['values', members],
  [Symbol.iterator, members],
]);
