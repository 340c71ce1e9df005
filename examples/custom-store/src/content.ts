import * as ars from '@ars/core';

/** One line of the journal: all that one step of the store changes, already decided. */
export interface Change {
  readonly appended?: readonly (readonly [stream: string, id: ars.EntryId, fields: ars.StoredFields])[];
  readonly key?: readonly [key: string, id: ars.EntryId];
  readonly removed?: readonly [stream: string, ids: readonly ars.EntryId[]];
  readonly dropped?: string;
  readonly registered?: readonly (readonly [stream: string, name: string, position: ars.EntryId])[];
  readonly unregistered?: readonly (readonly [stream: string, name: string])[];
  readonly record?: readonly [name: string, record: FileRecord];
  readonly state?: readonly [name: string, change: Omit<FileState, 'attributes'> & Omit<ars.StateChange, 'header'>];
}

/** A consumer's record: as it is inspected, with the owner's renewal and its last sign of life. */
export interface FileRecord extends Omit<ars.StoredRecord, 'quietMs'> {
  readonly renewal: number;
  readonly seenMs: number;
}

/** A consumer's state: as it is inspected. */
type FileState = Omit<ars.StoredState, 'isOwn'>;

/** One stream: its entries, and what it remembers of those that are gone. */
export class FileStream {
  entries: ars.StoredEntry[] = [];
  added = 0;
  lastId: ars.EntryId = '0-0';

  /** What follows a cursor. Whatever was added, was not read before and is not there now is lost. */
  read(cursor: ars.StreamCursor, maxEntries: number, maxBytes: number): ars.StreamRead {
    const { added, lastId } = this;
    const told = { stream: cursor.stream, added, lastId };
    const after = this.entries.filter(({ id }) => ars.compareIds(id, cursor.position) > 0);
    const lost = added - cursor.read - after.length;
    const isBehind = lost < 0 || ars.compareIds(cursor.position, lastId) > 0;
    if (isBehind) return { ...told, entries: [], lost: 0, cursor, regressed: true };
    let bytes = 0;
    const fits = ({ fields }: ars.StoredEntry): boolean => (bytes += fields.join().length) <= maxBytes;
    const entries = after.slice(0, maxEntries).filter((entry, index) => fits(entry) || index === 0);
    const position = entries.at(-1)?.id ?? cursor.position;
    const next = { ...cursor, position, read: cursor.read + lost + entries.length };
    return { ...told, entries, lost, cursor: next, regressed: false };
  }
}

/** All that the journal says, in memory. Only `apply` changes it, so that a replay gives the same. */
export class Content {
  readonly streams: Map<string, FileStream> = new Map();
  readonly records: Map<string, FileRecord> = new Map();
  readonly states: Map<string, FileState> = new Map();
  readonly keys: Map<string, ars.EntryId> = new Map();
  /** By stream: who holds back trimming, and how far each has come. */
  readonly registries: Map<string, Map<string, ars.EntryId>> = new Map();

  stream(name: string): FileStream {
    return this.streams.get(name) ?? new FileStream();
  }

  apply({ appended = [], key, removed, dropped, registered = [], unregistered = [], record, state }: Change): void {
    for (const [name, id, fields] of appended) {
      const stream = this.stream(name);
      this.streams.set(name, stream);
      stream.entries.push({ id, fields });
      stream.added += 1;
      stream.lastId = id;
    }
    if (key !== undefined) this.keys.set(key[0], key[1]);
    if (removed !== undefined) {
      const [stream, ids] = [this.stream(removed[0]), new Set(removed[1])];
      stream.entries = stream.entries.filter(({ id }) => !ids.has(id));
    }
    if (dropped !== undefined) this.streams.delete(dropped);
    for (const [stream, name, position] of registered)
      this.registries.set(stream, (this.registries.get(stream) ?? new Map()).set(name, position));
    for (const [stream, name] of unregistered) this.registries.get(stream)?.delete(name);
    if (record !== undefined) this.records.set(record[0], record[1]);
    if (state === undefined) return;
    const [name, { set, deleted, ...rest }] = state;
    const attributes = new Map([...(this.states.get(name)?.attributes ?? []), ...set]);
    for (const attribute of deleted) attributes.delete(attribute);
    this.states.set(name, { ...rest, attributes });
  }
}
