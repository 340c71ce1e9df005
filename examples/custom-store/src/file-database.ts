import { randomUUID } from 'node:crypto';
import { CommitError, type EntryId, type Publish, StoreUnavailableError, type StoredValue, storedValueOf } from '@ars/core';
import { type Change, Content } from './content.js';
import { Journal } from './journal.js';

/** The journal and what it says. Every change goes through `write`: to the disk first, then into memory. */
export class FileDatabase {
  readonly content = new Content();
  /** Another one each time the file is opened: who reads it knows no entries from before. */
  readonly history: string = randomUUID();
  readonly #journal: Journal<Change>;
  readonly #waiting = new Set<() => void>();
  readonly #name: string;
  #isClosed = false;

  constructor(path: string, name: string) {
    this.#name = name;
    this.#journal = new Journal(path, (change) => this.content.apply(change));
  }

  /** Throws for a reader, a home or a store that was closed. */
  check(isClosed: boolean = false): void {
    if (isClosed || this.#isClosed) throw new StoreUnavailableError(`${this.#name} is closed.`, { reason: 'CLOSED' });
  }

  write(change: Change): void {
    this.#journal.write(change);
    this.content.apply(change);
    for (const wake of this.#waiting) wake();
  }

  /** Gives entries their IDs: the time, or the ID after the last one where the clock has not passed that. */
  placed(publishes: readonly Publish[]): [stream: string, id: EntryId, fields: StoredValue[]][] {
    const lastIds = new Map<string, EntryId>();
    return publishes.map(({ stream, fields }) => {
      const id = idAfter(lastIds.get(stream) ?? this.content.stream(stream).lastId, stream);
      lastIds.set(stream, id);
      return [stream, id, fields.map(storedValue)];
    });
  }

  /** Resolves at the next change, after so many milliseconds, or when `end` is called. */
  change(waitMs: number, onWait: (end: () => void) => void): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, waitMs);
      this.#waiting.add(end);
      onWait(end);
    });
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const wake of this.#waiting) wake();
    this.#journal.close();
  }
}

/** A value as a store hands it out: text where it is UTF-8, otherwise bytes. */
export function storedValue(value: StoredValue): StoredValue {
  return typeof value === 'string' ? value : storedValueOf(value);
}

const PART_MAX = 2n ** 64n - 1n;

function idAfter(lastId: EntryId, stream: string): EntryId {
  const [ms, sequence] = lastId.split('-').map(BigInt) as [bigint, bigint];
  const now = BigInt(Date.now());
  if (now > ms) return `${now}-0`;
  if (sequence < PART_MAX) return `${ms}-${sequence + 1n}`;
  if (ms < PART_MAX) return `${ms + 1n}-0`;
  throw new CommitError(`Stream "${stream}" has no entry IDs left.`, { stream });
}
