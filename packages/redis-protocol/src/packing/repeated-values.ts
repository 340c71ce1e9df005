import type { StoredValue } from '@ars/core';
import { isText, storedValue } from './stored-text.js';

const SLOTS = 4096;
/** Longer values rarely repeat, and would make the table large: it holds at most 160 kB of text. */
const LENGTH_MAX = 40;
/** What tells values apart is mostly at their end. */
const HASHED = 6;
/** After so many values it is decided whether the table pays. */
const TRIAL = 8192;
const HITS_MIN = TRIAL / 3;

/**
 * Values that come again and again in one place of an entry, such as a customer or a kind. Bytes seen before give the
 * very same string, which spares making it, and lets the engine find properties by it without looking at its
 * characters. Where few values repeat, the table is given up for good.
 */
export class RepeatedValues {
  /** The last text seen of each hash; `undefined` when given up. */
  #slots: string[] | undefined = Array.from({ length: SLOTS }, () => '');
  #seen = 0;
  #hits = 0;

  /** The bytes `start` to `end` as `storedValue` gives them. */
  value(bytes: Buffer, start: number, end: number): StoredValue {
    const slots = this.#slots;
    const length = end - start;
    if (slots === undefined || length === 0 || length > LENGTH_MAX) return storedValue(bytes, start, end);
    let hash = length;
    for (let at = Math.max(start, end - HASHED); at < end; at += 1) hash = (hash * 33 + bytes[at]!) | 0;
    const slot = (hash ^ (hash >>> 12)) & (SLOTS - 1);
    this.#seen += 1;
    if (this.#seen === TRIAL) this.#judge();
    const known = slots[slot]!;
    if (known.length !== length || !isText(known, bytes, start)) return keep(slots, slot, bytes, start, end);
    this.#hits += 1;
    return known;
  }

  #judge(): void {
    if (this.#hits < HITS_MIN) this.#slots = undefined;
    this.#seen = 0;
    this.#hits = 0;
  }
}

/** Only ASCII is kept, since only there characters can be compared with bytes. */
function keep(slots: string[], slot: number, bytes: Buffer, start: number, end: number): StoredValue {
  const value = storedValue(bytes, start, end);
  if (typeof value === 'string' && value.length === end - start) slots[slot] = value;
  return value;
}
