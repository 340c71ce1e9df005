import type { StoredValue } from '@ars/core';
import { isText, storedValue } from './stored-text.js';

const SLOTS = 2048;
/** Longer values rarely repeat, and would make the table large: it holds at most 80 kB of text. */
const LENGTH_MAX = 40;
/** After so many values it is decided whether the table pays. */
const TRIAL = 4096;
const HITS_MIN = TRIAL / 3;

/**
 * Values that come again and again in one place of an entry, such as a customer or a kind. Bytes seen before give the
 * very same string, which spares making it, and lets the engine find properties by it without looking at its
 * characters. Where few values repeat, the table is given up for good.
 */
export class RepeatedValues {
  /** The last text seen of each hash; empty before the first value, `undefined` when given up. */
  #slots: string[] | undefined = [];
  #seen = 0;
  #hits = 0;

  /** The bytes `start` to `end` as `storedValue` gives them. */
  value(bytes: Buffer, start: number, end: number): StoredValue {
    const slots = this.#slots;
    if (slots === undefined || end === start || end - start > LENGTH_MAX) return storedValue(bytes, start, end);
    let hash = 0;
    for (let at = start; at < end; at += 1) hash = (Math.imul(hash, 31) + bytes[at]!) | 0;
    const slot = (hash ^ (hash >>> 11)) & (SLOTS - 1);
    this.#seen += 1;
    if (this.#seen === TRIAL) this.#judge();
    const known = slots[slot];
    if (known !== undefined && known.length === end - start && isText(known, bytes, start)) {
      this.#hits += 1;
      return known;
    }
    return this.#keep(slots, slot, storedValue(bytes, start, end), end - start);
  }

  /** Only ASCII is kept, since only there characters can be compared with bytes. */
  #keep(slots: string[], slot: number, value: StoredValue, bytes: number): StoredValue {
    if (slots.length === 0) for (let i = 0; i < SLOTS; i += 1) slots.push('');
    if (typeof value === 'string' && value.length === bytes) slots[slot] = value;
    return value;
  }

  #judge(): void {
    if (this.#hits < HITS_MIN) this.#slots = undefined;
    this.#seen = 0;
    this.#hits = 0;
  }
}
