import type { PathKey } from './path.js';
import { answerWith, trackedBehind, WHO } from './proxy-identity.js';
import { propertySlots } from './slots.js';
import { demandPlainData, findKey, type HandlerScope, setElsewhere, TrackedHandler } from './tracked-handler.js';

/** A plain object of the state. Inherited properties can be read, but `__proto__` is an ordinary name. */
export type Properties = Record<string, unknown>;

/** Makes a plain object of the state look and behave as one, and records what is done to it. */
export class ObjectHandler extends TrackedHandler<Properties> {
  // Written out because an implied constructor spreads its arguments, which costs a tenth of a message.
  constructor(scope: HandlerScope, target: Properties, parent: TrackedHandler | undefined, attribute: string) {
    super(scope, target, parent, attribute);
  }

  keyOf(child: object): PathKey {
    return findKey(Object.entries(this.target), child);
  }

  /** The attribute that a property belongs to. */
  attributeOf(_key: string): string {
    return this.attribute;
  }

  /** Throws when the property cannot become this value (`undefined`: cannot be deleted). */
  check(_key: string, _value: unknown): void {}

  override get(target: Properties, key: PropertyKey): unknown {
    if (!this.scope.isOpen) this.demandOpen();
    const value = target[key as string];
    if (typeof value === 'object' && value !== null) {
      if (Object.hasOwn(target, key)) return this.scope.wrap(value, this, this.attributeOf(key as string));
      return this.inherited(target, key);
    }
    if (value === undefined && key === WHO) answerWith(this);
    return value;
  }

  override set(_target: Properties, key: PropertyKey, value: unknown, receiver: unknown): boolean {
    if (!this.scope.isOpen) this.demandOpen();
    if (receiver !== this.proxy) return setElsewhere(receiver, key, value);
    this.assign(key, value);
    return true;
  }

  override defineProperty(target: Properties, key: PropertyKey, property: PropertyDescriptor): boolean {
    this.demandOpen();
    const isNew = !Object.hasOwn(target, key);
    demandPlainData(property, isNew);
    if (isNew || 'value' in property) this.assign(key, property.value);
    return true;
  }

  override deleteProperty(target: Properties, key: PropertyKey): boolean {
    this.demandOpen();
    if (typeof key === 'string' && Object.hasOwn(target, key)) this.#remove(key);
    return true;
  }

  /** Stores a copy of the value under the key. */
  assign(key: PropertyKey, value: unknown): void {
    if (typeof key !== 'string') throw this.noSuchProperty(key);
    const stored = typeof value === 'number' ? value : this.#accept(key, value);
    if (stored === undefined && this.scope.copier.dropsUndefined) {
      if (Object.hasOwn(this.target, key)) this.#remove(key);
      return;
    }
    this.check(key, stored);
    this.scope.log.setKey(this.attributeOf(key), propertySlots, this.target, key, stored);
  }

  #accept(key: string, value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return this.scope.take(value, this, key);
    const tracked = trackedBehind(value);
    if (tracked !== undefined && Object.hasOwn(this.target, key) && tracked.target === this.target[key])
      return tracked.target;
    return this.scope.take(value, this, key);
  }

  #remove(key: string): void {
    this.check(key, undefined);
    this.scope.log.deleteKey(this.attributeOf(key), propertySlots, this.target, key);
  }
}
