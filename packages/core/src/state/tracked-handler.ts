import { TransactionClosedError } from '../domain/errors.js';
import { refusal, type ValueCopier } from './copy-value.js';
import { DETACHED, joinPath, type Located, type PathKey } from './path.js';
import { answerWith, type Tracked, WHO } from './proxy-identity.js';
import type { UndoLog } from './undo-log.js';

/** An iterator that must keep its position while writes are swapped out and in again. */
export interface LiveIterator {
  suspend(): void;
  resume(): void;
}

/** What the handlers of one message share. */
export interface HandlerScope {
  readonly isOpen: boolean;
  readonly log: UndoLog;
  readonly copier: ValueCopier;
  /** Unfinished iterators over Maps and Sets. */
  readonly iterators: Set<LiveIterator>;
  /** What the state makes of a value that a container is to hold: a copy of its own. */
  take(value: unknown, place: TrackedHandler, key: PathKey): unknown;
  /** The proxy of a part of the state, the same for every call with the same target. */
  wrap(target: object, parent: TrackedHandler, attribute: string): object;
}

/**
 * The handler of one proxy: of one object of the state, for one message. By itself it refuses every change; what can
 * change overrides the traps. Every trap refuses once the message is over.
 */
export abstract class TrackedHandler<T extends object = object> implements ProxyHandler<T>, Tracked, Located {
  readonly scope: HandlerScope;
  readonly target: T;
  readonly parent: TrackedHandler | undefined;
  readonly attribute: string;
  /** How many levels below the attributes; 0 for their container. */
  readonly depth: number;
  readonly proxy: T;

  constructor(scope: HandlerScope, target: T, parent: TrackedHandler | undefined, attribute: string) {
    this.scope = scope;
    this.target = target;
    this.parent = parent;
    this.attribute = attribute;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    this.proxy = new Proxy(target, this);
  }

  /** Where a raw object is in this container, for errors. */
  abstract keyOf(child: object): PathKey;

  path(): string {
    return this.parent === undefined ? '' : joinPath(this.parent.path(), this.parent.keyOf(this.target));
  }

  /** What a handler sees of a raw value: a proxy for an object, the value itself otherwise. */
  reveal(value: unknown): unknown {
    return typeof value === 'object' && value !== null ? this.scope.wrap(value, this, this.attribute) : value;
  }

  /** Throws `TransactionClosedError` when the message is over. */
  demandOpen(): void {
    if (!this.scope.isOpen) throw closed();
  }

  /** A property that the target does not have as its own data. */
  inherited(target: T, key: PropertyKey): unknown {
    if (key === WHO) answerWith(this);
    return key === '__proto__' ? undefined : target[key as keyof T];
  }

  get(target: T, key: PropertyKey): unknown {
    this.demandOpen();
    return this.inherited(target, key);
  }

  set(_target: T, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    this.demandOpen();
    if (receiver !== this.proxy) return setElsewhere(receiver, key, value);
    throw this.noSuchProperty(key);
  }

  has(target: T, key: PropertyKey): boolean {
    this.demandOpen();
    return key === '__proto__' ? Object.hasOwn(target, key) : Reflect.has(target, key);
  }

  deleteProperty(target: T, key: PropertyKey): boolean {
    this.demandOpen();
    return !Object.hasOwn(target, key);
  }

  ownKeys(target: T): (string | symbol)[] {
    this.demandOpen();
    return Reflect.ownKeys(target);
  }

  getOwnPropertyDescriptor(target: T, key: PropertyKey): PropertyDescriptor | undefined {
    this.demandOpen();
    const property = Reflect.getOwnPropertyDescriptor(target, key);
    return property === undefined ? undefined : { ...property, value: this.get(target, key) };
  }

  defineProperty(_target: T, key: PropertyKey, _property: PropertyDescriptor): boolean {
    this.demandOpen();
    throw this.noSuchProperty(key);
  }

  getPrototypeOf(target: T): object | null {
    this.demandOpen();
    return Reflect.getPrototypeOf(target);
  }

  setPrototypeOf(target: T, prototype: object | null): boolean {
    this.demandOpen();
    if (prototype === this.getPrototypeOf(target)) return true;
    throw new TypeError('the prototype of a part of the state cannot be changed');
  }

  isExtensible(target: T): boolean {
    this.demandOpen();
    return Reflect.isExtensible(target);
  }

  preventExtensions(_target: T): boolean {
    this.demandOpen();
    throw new TypeError('a part of the state cannot be frozen, sealed or made non-extensible');
  }

  /** The refusal of a property that this kind of object cannot have. */
  noSuchProperty(key: PropertyKey): Error {
    const name = typeof key === 'number' ? String(key) : key;
    return refusal(joinPath(this.path(), name), 'is a property of its own, which state cannot hold there');
  }
}

/** The error for whatever is used after its message. */
export function closed(): TransactionClosedError {
  return new TransactionClosedError(
    'a part of the state was used after its message was over; keep values, not parts of the state',
  );
}

/** What setting does when the property is to be set on another object, which has a part of the state as a prototype or behind a proxy. */
export function setElsewhere(receiver: unknown, key: PropertyKey, value: unknown): boolean {
  return Reflect.set(Object.create(null) as object, key, value, receiver);
}

/** The key of a raw object in a list of entries, or `DETACHED`. */
export function findKey<K extends PathKey>(entries: Iterable<readonly [K, unknown]>, child: object): PathKey {
  for (const [key, value] of entries) {
    if (value === child) return key;
  }
  return DETACHED;
}

/** Throws `TypeError` unless a property is one that a part of the state can have: plain data, writable, enumerable, configurable. */
export function demandPlainData(property: PropertyDescriptor, isNew: boolean): void {
  const isMissing = (flag: boolean | undefined) => flag === false || (isNew && flag === undefined);
  if (
    property.get !== undefined ||
    property.set !== undefined ||
    isMissing(property.writable) ||
    isMissing(property.enumerable) ||
    isMissing(property.configurable)
  ) {
    throw new TypeError(
      'a property of the state must be plain data: writable, enumerable and configurable, without accessors',
    );
  }
}
