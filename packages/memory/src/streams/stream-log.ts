import { BEGINNING, compareIds, type EntryId, type StoredEntry } from '@ars/core';
import { type StoredContent, valueBytes } from './stored-content.js';

/** Trimmed slots are given back when there are this many, and no fewer than there are entries. */
const COMPACT_FROM = 1024;
/** Up to so many deleted entries are cut out one by one, more of them in one pass over the stream. */
const SPLICE_MAX = 16;

/**
 * One stream: entries in order of their IDs, and the counters of `XINFO STREAM`. Appending and trimming cost O(1) an
 * entry, finding a position O(log n), reading what follows it a slice. Trimming only moves the head; the dead slots
 * before it are dropped once they outnumber the entries.
 */
export class StreamLog {
  #entries: StoredEntry[] = [];
  #head = 0;
  #added = 0;
  #lastId: EntryId = BEGINNING;
  #maxDeletedId: EntryId = BEGINNING;
  #entryBytesMax = 0;

  get length(): number {
    return this.#entries.length - this.#head;
  }

  /** Entries ever added, deleted and trimmed ones too. */
  get added(): number {
    return this.#added;
  }

  /** The largest ID the stream ever held. */
  get lastId(): EntryId {
    return this.#lastId;
  }

  /** The largest ID ever deleted; trimming does not move it. */
  get maxDeletedId(): EntryId {
    return this.#maxDeletedId;
  }

  /** ID of the first entry there is, `0-0` without entries. */
  get firstId(): EntryId {
    return this.#entries[this.#head]?.id ?? BEGINNING;
  }

  /** ID of the last entry there is, `0-0` without entries. */
  get tailId(): EntryId {
    return this.length === 0 ? BEGINNING : this.#entries.at(-1)!.id;
  }

  /** Appends an entry under an ID that must be above `lastId`. */
  append(id: EntryId, content: StoredContent): void {
    this.#entries.push(Object.freeze({ id, fields: content.fields }));
    this.#added += 1;
    this.#lastId = id;
    if (content.bytes > this.#entryBytesMax) this.#entryBytesMax = content.bytes;
  }

  /** How many of the entries have an ID at or below the given one: the index of what follows it. */
  countUpTo(id: EntryId): number {
    let low = this.#head;
    let high = this.#entries.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.#entries[middle]!.id, id) <= 0) low = middle + 1;
      else high = middle;
    }
    return low - this.#head;
  }

  /** How many of the entries have an ID below the given one. */
  countBelow(id: EntryId): number {
    const upTo = this.countUpTo(id);
    return this.at(upTo - 1)?.id === id ? upTo - 1 : upTo;
  }

  /** Whether there is an entry under an ID. */
  has(id: EntryId): boolean {
    return this.at(this.countUpTo(id) - 1)?.id === id;
  }

  /** The entry at an index, 0 being the first there is; `undefined` beyond both ends. */
  at(index: number): StoredEntry | undefined {
    return index < 0 ? undefined : this.#entries[this.#head + index];
  }

  /** At most `maxEntries` entries from an index on, of about `maxBytes` in all, but at least one where there is one. */
  slice(index: number, maxEntries: number, maxBytes: number): StoredEntry[] {
    const count = Math.min(maxEntries, this.length - index);
    const fitting = count * this.#entryBytesMax <= maxBytes ? count : this.#countFitting(index, count, maxBytes);
    return this.#entries.slice(this.#head + index, this.#head + index + fitting);
  }

  /** Removes the entries with these IDs, as `XDEL` does, and tells how many there were. */
  delete(ids: readonly EntryId[]): number {
    const doomed = new Set(ids.filter((id) => this.has(id)));
    for (const id of doomed) if (compareIds(id, this.#maxDeletedId) > 0) this.#maxDeletedId = id;
    let left = doomed.size;
    while (left > 0 && doomed.has(this.firstId)) left -= this.#dropFirst(1);
    if (left > SPLICE_MAX) this.#entries = this.#entries.filter(({ id }, slot) => slot < this.#head || !doomed.has(id));
    else if (left > 0) for (const id of doomed) this.#splice(id);
    return doomed.size;
  }

  /** Removes the oldest entries until so many are left, as `XTRIM MAXLEN` does, and tells how many went. */
  trimToLength(maxLength: number): number {
    return this.#dropFirst(Math.max(0, this.length - maxLength));
  }

  /** Removes the entries below an ID, as `XTRIM MINID` does, and tells how many went. */
  trimBelow(minId: EntryId): number {
    return this.#dropFirst(this.countBelow(minId));
  }

  /** The same stream with a life of its own; the entries themselves are shared, because they never change. */
  copy(): StreamLog {
    const copy = new StreamLog();
    copy.#entries = this.#entries.slice(this.#head);
    copy.#added = this.#added;
    copy.#lastId = this.#lastId;
    copy.#maxDeletedId = this.#maxDeletedId;
    copy.#entryBytesMax = this.#entryBytesMax;
    return copy;
  }

  #dropFirst(count: number): number {
    this.#head += count;
    if (this.#head >= COMPACT_FROM && this.#head >= this.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return count;
  }

  #splice(id: EntryId): void {
    const index = this.countUpTo(id) - 1;
    if (this.at(index)?.id === id) this.#entries.splice(this.#head + index, 1);
  }

  #countFitting(index: number, count: number, maxBytes: number): number {
    let bytes = 0;
    for (let taken = 0; taken < count; taken += 1) {
      for (const field of this.at(index + taken)!.fields) bytes += valueBytes(field);
      if (bytes > maxBytes) return Math.max(1, taken);
    }
    return count;
  }
}
