import {
  compareIds,
  type EntryId,
  type StateHeader,
  type StoredEntry,
  type StoredFields,
  type StoredRecord,
  type StoredValue,
  type StreamCursor,
  type StreamRead,
} from '@ars/core';

/** One line of the journal: everything that one step of the store changes. */
export interface Change {
  readonly appended?: readonly (readonly [stream: string, id: EntryId, fields: StoredFields])[];
  readonly key?: readonly [stream: string, key: string, id: EntryId];
  readonly removed?: readonly [stream: string, ids: readonly EntryId[]];
  readonly dropped?: string;
  readonly record?: readonly [name: string, record: FileRecord, streams: readonly string[]];
  readonly state?: readonly [name: string, state: FileStateChange];
}

/** A consumer's record as it is kept: what `inspect` tells, and the owner's renewal number. */
export interface FileRecord extends Omit<StoredRecord, 'quietMs'> {
  readonly renewal: number;
  readonly seenMs: number;
}

interface FileStateChange {
  readonly owner: string;
  readonly commitId: string;
  readonly header: StateHeader;
  readonly set: readonly (readonly [name: string, value: StoredValue])[];
  readonly deleted: readonly string[];
}

interface FileState extends Omit<FileStateChange, 'set' | 'deleted'> {
  readonly attributes: Map<string, StoredValue>;
}

/** One stream: its entries, and what it remembers of those that are gone. */
export class FileStream {
  entries: StoredEntry[] = [];
  added = 0;
  lastId: EntryId = '0-0';

  indexAfter(position: EntryId): number {
    let [low, high] = [0, this.entries.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareIds(this.entries[middle]!.id, position) <= 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** What follows a cursor. Whatever was added, was not read before and is not there now is lost. */
  read({ stream, position, read }: StreamCursor, maxEntries: number, maxBytes: number): StreamRead {
    const from = this.indexAfter(position);
    const lost = this.added - read - (this.entries.length - from);
    const { added, lastId } = this;
    if (lost < 0 || compareIds(position, lastId) > 0) {
      return { stream, entries: [], lost: 0, cursor: { stream, position, read }, regressed: true, added, lastId };
    }
    let bytes = 0;
    const entries: StoredEntry[] = [];
    for (const entry of this.entries.slice(from, from + maxEntries)) {
      bytes += entry.fields.reduce((sum, field) => sum + field.length, 0);
      if (bytes > maxBytes && entries.length > 0) break;
      entries.push(entry);
    }
    const cursor = { stream, position: entries.at(-1)?.id ?? position, read: read + lost + entries.length };
    return { stream, entries, lost, cursor, regressed: false, added, lastId };
  }
}

/** All that the journal says, in memory. Nothing else changes it than `apply`, so that a replay gives the same. */
export class Content {
  readonly streams = new Map<string, FileStream>();
  readonly records = new Map<string, FileRecord>();
  readonly states = new Map<string, FileState>();
  readonly registered = new Set<string>();
  readonly keys = new Map<string, EntryId>();

  stream(name: string): FileStream {
    return this.streams.get(name) ?? new FileStream();
  }

  apply({ appended = [], key, removed, dropped, record, state }: Change): void {
    for (const [name, id, fields] of appended) this.#append(name, { id, fields });
    if (key !== undefined) this.keys.set(JSON.stringify(key.slice(0, 2)), key[2]);
    if (removed !== undefined) {
      const stream = this.stream(removed[0]);
      const gone = new Set(removed[1]);
      stream.entries = stream.entries.filter(({ id }) => !gone.has(id));
    }
    if (dropped !== undefined) this.streams.delete(dropped);
    if (record !== undefined) {
      const [name, stored, streams] = record;
      this.records.set(name, stored);
      for (const stream of streams) this.registered.add(JSON.stringify([stream, name]));
    }
    if (state !== undefined) this.#changeState(...state);
  }

  #append(name: string, entry: StoredEntry): void {
    const stream = this.stream(name);
    this.streams.set(name, stream);
    stream.entries.push(entry);
    stream.added += 1;
    stream.lastId = entry.id;
  }

  #changeState(name: string, { set, deleted, ...rest }: FileStateChange): void {
    const attributes = this.states.get(name)?.attributes ?? new Map<string, StoredValue>();
    for (const attribute of deleted) attributes.delete(attribute);
    for (const [attribute, value] of set) attributes.set(attribute, value);
    this.states.set(name, { ...rest, attributes });
  }
}
