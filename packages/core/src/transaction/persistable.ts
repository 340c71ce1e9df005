import { ConfigurationError, TransactionClosedError } from '../domain/errors.js';
import type { Transaction } from './transaction.js';

type Attributes = Record<string, unknown>;
// oxlint-disable-next-line typescript/no-explicit-any -- what TypeScript demands of a class that is extended
type PersistableConstructor = abstract new (...args: any[]) => Persistable;

/** A class that has the given attributes besides those of the class it extends. */
export type WithAttributes<C extends PersistableConstructor, A extends object> = (new (
  ...args: ConstructorParameters<C>
) => InstanceType<C> & A) &
  Pick<typeof Persistable, 'with'>;

const RESERVED = new Set(['uniqueId', 'handle', 'constructor', 'prototype', '__proto__']);
const declarations = new WeakMap<object, () => Attributes>();

/** Where an instance's attributes live once a consumer has taken it. */
export interface AttributeSource {
  /** The attributes of the message being handled; `undefined` while there is none. */
  open: Attributes | undefined;
  /** A copy of the last committed value. */
  committed(name: string): unknown;
}

/**
 * A handler whose attributes are its state: they commit with each message, are undone when `handle` throws, and are
 * restored when a consumer starts. Declare them with `Persistable.with({ … })`, inherit with `Base.with({ … })`, and
 * name the stored state by `uniqueId`. While no message is being handled, reading gives the last committed value and
 * writing throws `TransactionClosedError`; while one is, the attributes are that message's, whoever looks. An instance serves one consumer.
 *
 * ```ts
 * class OrderCounter extends Persistable.with({ count: 0 }) {
 *   readonly uniqueId = 'order-counter';
 *   handle(order: Fields) { this.count += 1; }
 * }
 * ```
 */
export abstract class Persistable {
  /** Names the stored state: stable across restarts, and one consumer's alone within its home. */
  abstract readonly uniqueId: string;

  /** Handles one message; see `HandlerFunction`. */
  abstract handle(message: never, transaction: Transaction<never>): unknown;

  /** Where attributes are read and written: the consumer's state, or plain values before a consumer has taken it. */
  #source: AttributeSource | undefined;
  #unattached: Attributes | undefined;

  /**
   * Declares attributes with their defaults (plain values, or a function that returns fresh ones), for a class to
   * extend. Throws `ConfigurationError` for a name that is reserved or declared already.
   */
  static with<C extends PersistableConstructor, A extends object>(
    this: C,
    attributes: A | (() => A),
  ): WithAttributes<C, A> {
    const own = (typeof attributes === 'function' ? attributes : () => attributes) as () => Attributes;
    const inherited = declarationOf(this);
    // oxlint-disable-next-line typescript/no-explicit-any -- as above
    const parent = this as unknown as new (...args: any[]) => Persistable;
    abstract class Extended extends parent {}
    for (const name of declaredNames(own)) Persistable.#declare(Extended, name);
    declarations.set(Extended, () => ({ ...inherited?.(), ...own() }));
    return Extended as unknown as WithAttributes<C, A>;
  }

  static #declare(target: PersistableConstructor, name: string): void {
    if (RESERVED.has(name) || name in target.prototype) {
      throw new ConfigurationError(`Attribute "${name}" is reserved or already declared by a base class.`);
    }
    Object.defineProperty(target.prototype, name, {
      configurable: false,
      enumerable: true,
      get(this: Persistable): unknown {
        return this.#read(name);
      },
      set(this: Persistable, value: unknown) {
        this.#write(name, value);
      },
    });
  }

  /** @internal Hands an instance to its consumer; throws `ConfigurationError` when it already has one. */
  static attach(instance: Persistable, source: AttributeSource): void {
    if (instance.#source !== undefined) {
      throw new ConfigurationError(
        'handler: this Persistable instance already serves a consumer; create one for each.',
      );
    }
    instance.#source = source;
  }

  #read(name: string): unknown {
    const source = this.#source;
    if (source === undefined) return this.#plain()[name];
    return source.open === undefined ? source.committed(name) : source.open[name];
  }

  #write(name: string, value: unknown): void {
    const source = this.#source;
    if (source === undefined) {
      this.#plain()[name] = value;
    } else if (source.open === undefined) {
      throw new TransactionClosedError(
        `Attribute "${name}" was set while no message is being handled. Change attributes inside handle() only, ` +
          'and await everything there.',
      );
    } else source.open[name] = value;
  }

  #plain(): Attributes {
    return (this.#unattached ??= structuredClone(declaredAttributes(this)?.() ?? {}));
  }
}

/** The attributes that a handler's class declares, as a function that returns their defaults; undefined for none. */
export function declaredAttributes(handler: Persistable): (() => Attributes) | undefined {
  return declarationOf(handler.constructor);
}

function declarationOf(constructor: object): (() => Attributes) | undefined {
  let current: object | null = constructor;
  while (current !== null && !declarations.has(current)) current = Object.getPrototypeOf(current) as object | null;
  return current === null ? undefined : declarations.get(current);
}

/** Why an instance cannot work as declared (a class field or method hides an attribute), or undefined. */
export function shadowedAttribute(handler: object, names: readonly string[]): string | undefined {
  return names.find((name) => {
    let owner: object | null = handler;
    while (owner !== null && !Object.hasOwn(owner, name)) owner = Object.getPrototypeOf(owner) as object | null;
    return owner === null || owner === handler || !declarations.has(owner.constructor);
  });
}

function declaredNames(own: () => Attributes): string[] {
  const attributes: unknown = own();
  if (typeof attributes !== 'object' || attributes === null || Array.isArray(attributes)) {
    throw new ConfigurationError('Persistable.with() takes an object of attributes and their defaults.');
  }
  return Object.keys(attributes);
}
