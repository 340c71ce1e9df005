import { randomUUID } from 'node:crypto';
import { EventEmitter } from 'node:events';
import * as ars from '@ars/core';
import { type Change, Content } from './content.js';
import { Journal } from './journal.js';

const PART_MAX = 2n ** 64n - 1n;

/** An open journal and what it says. Emits `change`. */
export class Database extends EventEmitter {
  readonly content: Content = new Content();
  /** Another one each time the file is opened: whoever had read before knows nothing of this one. */
  readonly history: string = randomUUID();
  readonly #journal: Journal<Change>;
  #isClosed = false;

  constructor(path: string) {
    super();
    this.setMaxListeners(0);
    this.#journal = new Journal<Change>(path, (change) => this.content.apply(change));
  }

  /** Makes a change: on the disk first, then in memory. */
  write(change: Change): void {
    this.#journal.write(change);
    this.content.apply(change);
    this.emit('change');
  }

  /** Throws for a reader, a home or a store that was closed. */
  check(isClosed: boolean = false): void {
    if (isClosed || this.#isClosed) throw new ars.StoreUnavailableError('The store is closed.', { reason: 'CLOSED' });
  }

  /** Gives entries their IDs: the time, or the ID after the last one where the clock has not passed that. */
  placed(publishes: readonly ars.Publish[]): [stream: string, id: ars.EntryId, fields: ars.StoredFields][] {
    const lastIds = new Map<string, ars.EntryId>();
    return publishes.map(({ stream, fields }) => {
      const id = idAfter(lastIds.get(stream) ?? this.content.stream(stream).lastId, stream);
      lastIds.set(stream, id);
      return [stream, id, fields.map(stored)];
    });
  }

  close(): void {
    if (!this.#isClosed) this.#journal.close();
    this.#isClosed = true;
    this.emit('change');
  }
}

/** A value as it is stored: text where it is UTF-8, otherwise bytes. */
export function stored(value: ars.StoredValue): ars.StoredValue {
  return typeof value === 'string' ? value : ars.storedValueOf(value);
}

function idAfter(lastId: ars.EntryId, stream: string): ars.EntryId {
  const [ms, sequence] = lastId.split('-').map(BigInt) as [bigint, bigint];
  if (BigInt(Date.now()) > ms) return `${Date.now()}-0`;
  if (sequence < PART_MAX) return `${ms}-${sequence + 1n}`;
  if (ms < PART_MAX) return `${ms + 1n}-0`;
  throw new ars.CommitError(`Stream "${stream}" has no entry IDs left.`, { stream });
}
