import { KeyOrder } from './key-order.js';
import { ABSENT, propertySlots, type Slots } from './slots.js';
import { KeyWrite, RangeWrite, replaceRange, TimeWrite, type UndoEntry } from './undo-entry.js';

/**
 * The only place that writes to the state, and the record of what it wrote. A *mark* is an absolute position in the
 * record: it counts every write that was ever recorded and not undone.
 */
export class UndoLog {
  readonly #order = new KeyOrder();
  #entries: UndoEntry[] = [];
  /** The mark of the first entry that is kept. */
  #start = 0;
  #isSwapped = false;

  get mark(): number {
    return this.#start + this.#entries.length;
  }

  /** The oldest mark that is kept. */
  get oldestMark(): number {
    return this.#start;
  }

  /** Sets a key of an object, Map or Set, or an existing element of an array. O(1). */
  setKey(attribute: string, slots: Slots, target: object, key: unknown, value: unknown): void {
    const old = slots.read(target, key);
    this.#record(new KeyWrite(attribute, slots, target, key, old, -1));
    slots.write(target, key, value);
    if (old === ABSENT) this.#order.inserted(slots, target, key);
  }

  /** Sets an attribute of the outermost container that holds a number to another one. O(1). */
  replaceNumber(attribute: string, target: Record<string, unknown>, old: number, value: number): void {
    this.#record(new KeyWrite(attribute, propertySlots, target, attribute, old, -1));
    target[attribute] = value;
  }

  /** Deletes a key that exists. The first deletion in a container costs in proportion to its size, later ones O(1). */
  deleteKey(attribute: string, slots: Slots, target: object, key: unknown): void {
    this.#demandWritable();
    const sequence = this.#order.deleting(slots, target, key);
    this.#record(new KeyWrite(attribute, slots, target, key, slots.read(target, key), sequence));
    slots.remove(target, key);
  }

  /** Replaces `count` elements from `start` on; returns the old ones. */
  replaceRange(
    attribute: string,
    target: unknown[],
    start: number,
    count: number,
    items: readonly unknown[],
  ): unknown[] {
    this.#demandWritable();
    const removed = replaceRange(target, start, count, items);
    this.#entries.push(new RangeWrite(attribute, target, start, items.length, removed));
    return removed;
  }

  /** Lets `change` set a Date. */
  setDate(attribute: string, target: Date, change: (target: Date) => number): number {
    this.#record(new TimeWrite(attribute, target));
    return change(target);
  }

  /** Takes back every write after the mark, newest first. */
  undoTo(mark: number): void {
    const kept = this.#indexOf(mark);
    this.#undoDownTo(kept);
    this.#entries.length = kept;
  }

  /** Drops the entries before a mark; does nothing for a mark that was forgotten already. */
  forget(mark: number): void {
    if (mark <= this.#start) return;
    const count = this.#indexOf(mark);
    if (count === this.#entries.length) this.#entries = [];
    else this.#entries.splice(0, count);
    this.#start = mark;
  }

  /** The attributes of the entries between two marks. */
  changed(from: number, to: number): Set<string> {
    const attributes = new Set<string>();
    const end = this.#indexOf(to);
    for (let index = this.#indexOf(from); index < end; index++) attributes.add(this.#entries[index]!.attribute);
    return attributes;
  }

  /** Undoes what was written after the mark, calls `read`, and redoes it, whatever `read` does. */
  asOf<T>(mark: number, read: () => T): T {
    this.#demandWritable();
    const kept = this.#indexOf(mark);
    this.#isSwapped = true;
    this.#undoDownTo(kept);
    try {
      return read();
    } finally {
      for (let index = kept; index < this.#entries.length; index++) this.#entries[index]!.redo(this.#order);
      this.#isSwapped = false;
    }
  }

  #undoDownTo(kept: number): void {
    for (let index = this.#entries.length - 1; index >= kept; index--) this.#entries[index]!.undo(this.#order);
    this.#order.settle();
  }

  #record(entry: UndoEntry): void {
    if (this.#isSwapped) this.#demandWritable();
    this.#entries.push(entry);
  }

  #demandWritable(): void {
    if (this.#isSwapped) throw new TypeError('the state cannot be written while it is read as of a mark');
  }

  #indexOf(mark: number): number {
    const index = mark - this.#start;
    if (Number.isInteger(index) && index >= 0 && index <= this.#entries.length) return index;
    throw new TypeError(`mark ${mark} is not between ${this.#start} and ${this.mark}`);
  }
}
