import { KeyOrder } from './key-order.js';
import { ABSENT, type Slots } from './slots.js';
import { KeyWrite, RangeWrite, replaceRange, TimeWrite, type UndoEntry } from './undo-entry.js';

/** How many places a write takes in the record; see `#record`. */
const WRITE = 3;
type Numbers = Record<string, unknown>;

/** Has no deletion to remember, and so remembers nothing. */
const UNORDERED = new KeyOrder();

/**
 * The only place that writes to the state, and the record of what it wrote. A *mark* is an absolute position in the
 * record: it counts every write that was ever recorded and not undone.
 */
export class UndoLog {
  /** Its own from the first deletion on: most states never see one, and there may be one state per key. */
  #order = UNORDERED;
  /**
   * Of each write its attribute, then an `UndoEntry` and `undefined`; or, for the most frequent one, which puts a number
   * in the place of another, the container of the attributes and the other number. That spares an object a write, which
   * would have to outlive its commit.
   */
  #record: unknown[] = [];
  /** The mark of the first write that is kept. */
  #start = 0;
  #isSwapped = false;

  get mark(): number {
    return this.#start + this.#record.length / WRITE;
  }

  /** The oldest mark that is kept. */
  get oldestMark(): number {
    return this.#start;
  }

  /** Sets a key of an object, Map or Set, or an existing element of an array. O(1). */
  setKey(attribute: string, slots: Slots, target: object, key: unknown, value: unknown): void {
    const old = slots.read(target, key);
    this.#add(attribute, new KeyWrite(slots, target, key, old, -1), undefined);
    slots.write(target, key, value);
    if (old === ABSENT) this.#order.inserted(slots, target, key);
  }

  /** Sets an attribute of the outermost container that holds a number to another one. O(1). */
  replaceNumber(attribute: string, target: Numbers, old: number, value: number): void {
    this.#add(attribute, target, old);
    target[attribute] = value;
  }

  /** Deletes a key that exists. The first deletion in a container costs in proportion to its size, later ones O(1). */
  deleteKey(attribute: string, slots: Slots, target: object, key: unknown): void {
    this.#demandWritable();
    if (this.#order === UNORDERED) this.#order = new KeyOrder();
    const sequence = this.#order.deleting(slots, target, key);
    this.#add(attribute, new KeyWrite(slots, target, key, slots.read(target, key), sequence), undefined);
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
    this.#add(attribute, new RangeWrite(target, start, items.length, removed), undefined);
    return removed;
  }

  /** Lets `change` set a Date. */
  setDate(attribute: string, target: Date, change: (target: Date) => number): number {
    this.#add(attribute, new TimeWrite(target), undefined);
    return change(target);
  }

  /** Takes back every write after the mark, newest first. */
  undoTo(mark: number): void {
    const kept = this.#indexOf(mark);
    this.#undoDownTo(kept);
    this.#record.length = kept;
  }

  /** Drops the entries before a mark; does nothing for a mark that was forgotten already. */
  forget(mark: number): void {
    if (mark <= this.#start) return;
    const count = this.#indexOf(mark);
    if (count === this.#record.length) this.#record = [];
    else this.#record.splice(0, count);
    this.#start = mark;
  }

  /** The attributes of the writes between two marks. Most messages write the same few: those written just before are not looked up again. */
  changed(from: number, to: number): Set<string> {
    const attributes = new Set<string>();
    const end = this.#indexOf(to);
    const record = this.#record;
    let last: unknown;
    let lastButOne: unknown;
    for (let index = this.#indexOf(from); index < end; index += WRITE) {
      const attribute = record[index];
      if (attribute === last || attribute === lastButOne) continue;
      attributes.add(attribute as string);
      lastButOne = last;
      last = attribute;
    }
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
      for (let index = kept; index < this.#record.length; index += WRITE) this.#apply('redo', index);
      this.#isSwapped = false;
    }
  }

  #undoDownTo(kept: number): void {
    for (let index = this.#record.length - WRITE; index >= kept; index -= WRITE) this.#apply('undo', index);
    this.#order.settle();
  }

  #apply(direction: 'undo' | 'redo', index: number): void {
    const other = this.#record[index + 2];
    if (other === undefined) (this.#record[index + 1] as UndoEntry)[direction](this.#order);
    else this.#swap(this.#record[index] as string, this.#record[index + 1] as Numbers, index + 2);
  }

  #swap(attribute: string, target: Numbers, place: number): void {
    const current = target[attribute];
    target[attribute] = this.#record[place];
    this.#record[place] = current;
  }

  #add(attribute: string, change: UndoEntry | Numbers, other: number | undefined): void {
    if (this.#isSwapped) this.#demandWritable();
    this.#record.push(attribute, change, other);
  }

  #demandWritable(): void {
    if (this.#isSwapped) throw new TypeError('the state cannot be written while it is read as of a mark');
  }

  #indexOf(mark: number): number {
    const index = (mark - this.#start) * WRITE;
    if (Number.isInteger(index) && index >= 0 && index <= this.#record.length) return index;
    throw new TypeError(`mark ${mark} is not between ${this.#start} and ${this.mark}`);
  }
}
