import type { KeyOrder } from './key-order.js';
import { ABSENT, type Slots } from './slots.js';

/** One write to the state. Applied alternately: undo, redo, undo … starting with undo. */
export interface UndoEntry {
  undo(order: KeyOrder): void;
  redo(order: KeyOrder): void;
}

/** A key that was added, overwritten or deleted. Holds the value of the other side: the old one when done, the new one when undone. */
export class KeyWrite implements UndoEntry {
  readonly #slots: Slots;
  readonly #target: object;
  readonly #key: unknown;
  #other: unknown;
  #sequence: number;

  /** `old` is `ABSENT` for an added key; `sequence` is the place of a deleted one. */
  constructor(slots: Slots, target: object, key: unknown, old: unknown, sequence: number) {
    this.#slots = slots;
    this.#target = target;
    this.#key = key;
    this.#other = old;
    this.#sequence = sequence;
  }

  undo(order: KeyOrder): void {
    const current = this.#slots.read(this.#target, this.#key);
    if (this.#other === ABSENT) {
      order.withdrawing(this.#target, this.#key);
      this.#slots.remove(this.#target, this.#key);
    } else {
      this.#slots.write(this.#target, this.#key, this.#other);
      if (current === ABSENT) order.restored(this.#slots, this.#target, this.#key, this.#sequence);
    }
    this.#other = current;
  }

  redo(order: KeyOrder): void {
    const current = this.#slots.read(this.#target, this.#key);
    if (this.#other === ABSENT) {
      this.#sequence = order.deleting(this.#slots, this.#target, this.#key);
      this.#slots.remove(this.#target, this.#key);
    } else {
      this.#slots.write(this.#target, this.#key, this.#other);
      if (current === ABSENT) order.inserted(this.#slots, this.#target, this.#key);
    }
    this.#other = current;
  }
}

const SPREAD_MAX = 10_000;

/** Like `splice`, faster at either end, and also for more items than a call can have arguments; returns what it took out. */
export function replaceRange(target: unknown[], start: number, count: number, items: readonly unknown[]): unknown[] {
  if (items.length > SPREAD_MAX) return replaceLarge(target, start, count, items);
  if (count === 0) {
    if (start === target.length) target.push(...items);
    else if (start === 0) target.unshift(...items);
    else target.splice(start, 0, ...items);
    return [];
  }
  if (count === 1 && items.length === 0) {
    if (start === 0) return [target.shift()];
    if (start === target.length - 1) return [target.pop()];
  }
  return target.splice(start, count, ...items);
}

function replaceLarge(target: unknown[], start: number, count: number, items: readonly unknown[]): unknown[] {
  const removed = target.splice(start, count);
  const tail = target.splice(start);
  for (const item of items) target.push(item);
  for (const item of tail) target.push(item);
  return removed;
}

/** A range of an array that was replaced by another, maybe of another length. */
export class RangeWrite implements UndoEntry {
  readonly #target: unknown[];
  readonly #start: number;
  #count: number;
  #other: readonly unknown[];

  constructor(target: unknown[], start: number, count: number, old: readonly unknown[]) {
    this.#target = target;
    this.#start = start;
    this.#count = count;
    this.#other = old;
  }

  undo(): void {
    const other = this.#other;
    this.#other = replaceRange(this.#target, this.#start, this.#count, other);
    this.#count = other.length;
  }

  redo(): void {
    this.undo();
  }
}

/** A Date that was set. */
export class TimeWrite implements UndoEntry {
  readonly #target: Date;
  #other: number;

  constructor(target: Date) {
    this.#target = target;
    this.#other = target.getTime();
  }

  undo(): void {
    const other = this.#other;
    this.#other = this.#target.getTime();
    this.#target.setTime(other);
  }

  redo(): void {
    this.undo();
  }
}
