import { refusal } from './copy-value.js';
import { DETACHED, joinPath, type PathKey } from './path.js';
import { trackedBehind } from './proxy-identity.js';
import { propertySlots } from './slots.js';
import { TrackedHandler } from './tracked-handler.js';

/**
 * How an array of the state is written to. It never has holes: elements are appended at the end only, and it only ever
 * shrinks by its length. Values are copied first, because copying may run code of the handler's (a Proxy's traps);
 * only then is the array looked at.
 */
export abstract class ArrayWriter extends TrackedHandler<unknown[]> {
  keyOf(child: object): PathKey {
    const index = this.target.indexOf(child);
    return index < 0 ? DETACHED : index;
  }

  /** Copies values that are to be elements from `index` on; refuses what state cannot hold. */
  accept(index: number, values: readonly unknown[]): unknown[] {
    return values.map((value, offset) => this.scope.take(value, this, index + offset));
  }

  /** Replaces a range by raw values, and returns the raw values it held. */
  replace(start: number, count: number, raw: readonly unknown[]): unknown[] {
    return this.scope.log.replaceRange(this.attribute, this.target, start, count, raw);
  }

  /** Overwrites an element, or appends one. */
  setElement(index: number, value: unknown): void {
    const tracked = typeof value === 'object' ? trackedBehind(value) : undefined;
    const isSame = tracked !== undefined && tracked.target === this.target[index];
    const raw = isSame ? tracked.target : this.scope.take(value, this, index);
    const { length } = this.target;
    if (index > length) throw this.#gap(index);
    if (index === length) this.replace(index, 0, [raw]);
    else this.scope.log.setKey(this.attribute, propertySlots, this.target, String(index), raw);
  }

  /** Cuts elements off at the end. */
  setLength(value: unknown): void {
    const length = Number(value);
    if (!Number.isInteger(length) || length < 0) throw new RangeError('Invalid array length');
    if (length > this.target.length) throw this.#gap(length - 1);
    this.replace(length, this.target.length - length, []);
  }

  /** Deletes the last element; any other would leave a hole. */
  deleteElement(index: number): void {
    if (index === this.target.length - 1) this.replace(index, 1, []);
    else throw refusal(joinPath(this.path(), index), 'would become a hole, which state cannot hold; use splice');
  }

  #gap(index: number): Error {
    return refusal(
      joinPath(this.path(), index),
      'is beyond the end of its array and would leave holes, which state cannot hold',
    );
  }
}
