import type { LiveIterator, TrackedHandler } from './tracked-handler.js';

type Collection = ReadonlyMap<unknown, unknown> | ReadonlySet<unknown>;

/**
 * Iterates over a Map or Set of the state as the language's own iterators do, also while it is changed, and survives
 * that writes are swapped out and in again between two steps of an asynchronous handler.
 */
export class TrackedIterator implements IterableIterator<unknown>, LiveIterator {
  readonly #handler: TrackedHandler<Map<unknown, unknown> | Set<unknown>>;
  readonly #show: (key: unknown, value: unknown) => unknown;
  #native: Iterator<unknown> | undefined;
  #position = 0;

  /** `show` makes what the iterator yields of each key and the raw value (undefined for a Set). */
  constructor(
    handler: TrackedHandler<Map<unknown, unknown> | Set<unknown>>,
    show: (key: unknown, value: unknown) => unknown,
  ) {
    this.#handler = handler;
    this.#show = show;
    this.#native = handler.target.keys();
    handler.scope.iterators.add(this);
  }

  next(): IteratorResult<unknown> {
    this.#handler.demandOpen();
    const step = this.#native?.next();
    if (step === undefined || step.done === true) return this.return();
    const { target } = this.#handler;
    return { done: false, value: this.#show(step.value, target instanceof Map ? target.get(step.value) : undefined) };
  }

  return(): IteratorResult<unknown> {
    this.#native = undefined;
    this.#handler.scope.iterators.delete(this);
    return { done: true, value: undefined };
  }

  [Symbol.iterator](): this {
    return this;
  }

  /** Notes how many keys lie before the position; the collection will be the same again at `resume`. */
  suspend(): void {
    let remaining = 0;
    while (this.#native?.next().done === false) remaining++;
    this.#position = this.#handler.target.size - remaining;
  }

  resume(): void {
    const collection: Collection = this.#handler.target;
    this.#native = collection.keys();
    for (let passed = 0; passed < this.#position; passed++) this.#native.next();
  }
}

// So that iterator helpers (`map`, `filter` … from Node 22 on) work.
Object.setPrototypeOf(
  TrackedIterator.prototype,
  Object.getPrototypeOf(Object.getPrototypeOf([][Symbol.iterator]())) as object,
);
