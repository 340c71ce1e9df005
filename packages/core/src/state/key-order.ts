import { ABSENT, type Slots } from './slots.js';

/**
 * Remembers the order of keys across deletions, so that an undone deletion puts a key back where it was.
 *
 * A container gets an index, key → sequence number, at its first deletion (in proportion to its size); from then on
 * insertions and deletions cost one more hash access each. Undoing a deletion adds the key at the end, and `settle`
 * sorts what undoing disordered, once, however many deletions were undone.
 */
export class KeyOrder {
  /** Made at the first deletion: most states never see one, and there may be one state per key. */
  #indexes: WeakMap<object, Map<unknown, number>> | undefined;
  #disordered: Map<object, Slots> | undefined;
  #next = 0;

  /** Notes a key that was added at the end. */
  inserted(slots: Slots, target: object, key: unknown): void {
    if (this.#indexes !== undefined && slots.isOrdered(key)) this.#indexes.get(target)?.set(key, this.#next++);
  }

  /** Notes a key that is about to be deleted; returns its place for `restored`. */
  deleting(slots: Slots, target: object, key: unknown): number {
    if (!slots.isOrdered(key)) return -1;
    const index = this.#indexes?.get(target) ?? this.#build(slots, target);
    const sequence = index.get(key)!;
    index.delete(key);
    return sequence;
  }

  /** Notes that an insertion is about to be undone. */
  withdrawing(target: object, key: unknown): void {
    this.#indexes?.get(target)?.delete(key);
  }

  /** Notes a key that was added at the end but belongs to the place that `deleting` gave. */
  restored(slots: Slots, target: object, key: unknown, sequence: number): void {
    if (sequence < 0) return;
    this.#indexes!.get(target)!.set(key, sequence);
    (this.#disordered ??= new Map()).set(target, slots);
  }

  /** Brings the keys of all containers with restored keys back into order. */
  settle(): void {
    if (this.#disordered === undefined) return;
    for (const [target, slots] of this.#disordered) this.#sort(slots, target);
    this.#disordered = undefined;
  }

  #build(slots: Slots, target: object): Map<unknown, number> {
    const index = new Map<unknown, number>();
    for (const key of slots.keys(target)) {
      if (slots.isOrdered(key)) index.set(key, this.#next++);
    }
    (this.#indexes ??= new WeakMap()).set(target, index);
    return index;
  }

  /** Takes out and adds again every key from the first one on that is not in its place. */
  #sort(slots: Slots, target: object): void {
    const index = this.#indexes!.get(target)!;
    const current = [...slots.keys(target)].filter((key) => index.has(key));
    const sorted = [...current].sort((a, b) => index.get(a)! - index.get(b)!);
    const start = sorted.findIndex((key, at) => !Object.is(key, current[at]));
    if (start < 0) return;
    for (const key of sorted.slice(start)) {
      const value = slots.read(target, key);
      if (value === ABSENT) continue;
      slots.remove(target, key);
      slots.write(target, key, value);
    }
  }
}
