import type { StatePage, StoredValue } from '@ars/core';
import { copiedValue } from '../streams/stored-content.js';

interface Numbered {
  readonly number: number;
  readonly value: StoredValue;
}

interface Place {
  readonly key: string;
  readonly number: number;
}

/** Places of deleted keys are dropped when there are this many, and more of them than of keys. */
const COMPACT_FROM = 1024;

/**
 * The values of keyed state. Each key has a number from when it came, larger than all before, and keeps it until it is
 * deleted; so a scan that goes on behind a number passes every key that stays, whatever is written meanwhile. Reading
 * and writing a key cost O(1), beginning a page O(log n).
 */
export class KeyedValues {
  readonly #values = new Map<string, Numbered>();
  /** In order of their numbers; those of deleted keys stay for a while. */
  #places: Place[] = [];
  #lastNumber = 0;

  /** A copy of a key's value; `undefined` when it has none. */
  get(key: string): StoredValue | undefined {
    const found = this.#values.get(key);
    return found && copiedValue(found.value);
  }

  /** Sets a key's value, which belongs to this store from then on. */
  set(key: string, value: StoredValue): void {
    const known = this.#values.get(key);
    if (known === undefined) this.#places.push({ key, number: (this.#lastNumber += 1) });
    this.#values.set(key, { number: known?.number ?? this.#lastNumber, value });
  }

  /** Removes a key; does nothing for one that is not there. */
  delete(key: string): void {
    this.#values.delete(key);
    const dead = this.#places.length - this.#values.size;
    if (dead >= COMPACT_FROM && dead > this.#values.size) {
      this.#places = this.#places.filter((place) => this.#at(place) !== undefined);
    }
  }

  /** At most `count` keys that follow the place where the last page ended, with copies of their values. */
  page(from: string | undefined, count: number): StatePage {
    const states: (readonly [string, StoredValue])[] = [];
    for (let index = this.#indexAfter(Number(from ?? 0)); index < this.#places.length; index += 1) {
      const place = this.#places[index]!;
      const value = this.#at(place);
      if (value !== undefined) states.push([place.key, copiedValue(value)]);
      if (states.length >= count) return { states, next: this.#isLast(index) ? undefined : String(place.number) };
    }
    return { states, next: undefined };
  }

  /** The same values with a life of their own, under the same numbers. */
  copy(): KeyedValues {
    const copy = new KeyedValues();
    for (const [key, value] of this.#values) copy.#values.set(key, value); // a stored value never changes
    copy.#places = this.#places.slice();
    copy.#lastNumber = this.#lastNumber;
    return copy;
  }

  /** The value that a place stands for; `undefined` when its key was deleted since, or came again under another number. */
  #at({ key, number }: Place): StoredValue | undefined {
    const found = this.#values.get(key);
    return found?.number === number ? found.value : undefined;
  }

  #isLast(index: number): boolean {
    return index === this.#places.length - 1;
  }

  #indexAfter(number: number): number {
    let low = 0;
    let high = this.#places.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#places[middle]!.number <= number) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
