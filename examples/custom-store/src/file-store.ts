import {
  type AppendAnswer,
  type AppendRequest,
  compareIds,
  ConfigurationError,
  type ConsumerAddress,
  type ConsumerHome,
  type EntryId,
  type ReadRequest,
  type StartPoint,
  type StoredFields,
  type StreamCursor,
  type StreamRead,
  type StreamReader,
  type StreamStore,
} from '@ars/core';
import { FileDatabase } from './file-database.js';
import { FileHome } from './file-home.js';

/** Opens a store in a file that no other process has open. What was answered is on the disk. */
export function openFileStore(path: string): FileStore {
  return new FileStore(path);
}

/** A store whose whole content is a journal in one file, and what its operator may do to streams. */
export class FileStore implements StreamStore {
  readonly name: string;
  readonly #database: FileDatabase;

  constructor(path: string) {
    this.name = `file:${path}`;
    this.#database = new FileDatabase(path, this.name);
  }

  async openReader(): Promise<StreamReader> {
    this.#database.check();
    return new FileReader(this.#database);
  }

  async openHome(address: ConsumerAddress): Promise<ConsumerHome> {
    this.#database.check();
    return new FileHome(this.#database, address);
  }

  async append({ stream, fields, idempotencyKey }: AppendRequest): Promise<AppendAnswer> {
    this.#database.check();
    const known = this.#database.content.keys.get(JSON.stringify([stream, idempotencyKey]));
    if (known !== undefined) return { id: known, isRepeat: true };
    const appended = this.#database.placed([{ stream, fields }]);
    const id = appended[0]![1];
    this.#database.write(idempotencyKey === undefined ? { appended } : { appended, key: [stream, idempotencyKey, id] });
    return { id, isRepeat: false };
  }

  async tail(streams: readonly string[]): Promise<readonly EntryId[]> {
    this.#database.check();
    return streams.map((stream) => this.#database.content.stream(stream).entries.at(-1)?.id ?? '0-0');
  }

  placementProblem(): undefined {
    return undefined;
  }

  async close(): Promise<void> {
    this.#database.close();
  }

  /** Appends an entry under an ID of yours, which must be above the stream's last one. */
  addAs(stream: string, id: EntryId, fields: StoredFields): void {
    const [[, , stored]] = [this.#database.placed([{ stream: '', fields }])[0]!];
    this.#database.write({ appended: [[stream, id, stored]] });
  }

  /** Removes entries; the stream keeps its counters. */
  remove(stream: string, ids: readonly EntryId[]): void {
    this.#database.write({ removed: [stream, ids] });
  }

  /** Removes the oldest entries until so many are left. */
  trim(stream: string, maxLength: number): void {
    const { entries } = this.#database.content.stream(stream);
    this.remove(stream, entries.slice(0, Math.max(0, entries.length - maxLength)).map(({ id }) => id));
  }

  /** Deletes a stream with its counters. */
  drop(stream: string): void {
    this.#database.write({ dropped: stream });
  }
}

/** Reads streams for one consumer. */
class FileReader implements StreamReader {
  readonly history: string;
  readonly #database: FileDatabase;
  #isClosed = false;
  #endWait: () => void = () => {};

  constructor(database: FileDatabase) {
    this.history = database.history;
    this.#database = database;
  }

  async locate(stream: string, start: StartPoint): Promise<StreamCursor> {
    this.#database.check(this.#isClosed);
    const { streams } = this.#database.content;
    const log = streams.get(stream);
    if (log === undefined) return { stream, position: '0-0', read: 0 };
    if (typeof start !== 'string' && compareIds(start.fromId, log.lastId) > 0) {
      throw new ConfigurationError(`startFrom ${start.fromId} is ahead of "${stream}", whose last ID is ${log.lastId}.`);
    }
    const isBefore = ({ id }: { id: EntryId }): boolean =>
      typeof start === 'string' ? start === 'end' : compareIds(id, start.fromId) < 0;
    const before = log.entries.filter(isBefore);
    const read = log.added - log.entries.length + before.length;
    return { stream, position: before.at(-1)?.id ?? '0-0', read };
  }

  async read(request: ReadRequest): Promise<readonly StreamRead[]> {
    const endMs = performance.now() + request.waitMs;
    for (;;) {
      this.#database.check(this.#isClosed);
      const reads = this.#readNow(request);
      const leftMs = endMs - performance.now();
      const hasNews = reads.some(({ entries, lost, regressed }) => entries.length > 0 || lost > 0 || regressed);
      if (hasNews || leftMs <= 0) return reads;
      await this.#database.change(leftMs, (end) => (this.#endWait = end));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#endWait();
  }

  #readNow({ cursors, maxEntries, maxBytes }: ReadRequest): StreamRead[] {
    const share = maxBytes / cursors.length;
    return cursors.map((cursor) => this.#database.content.stream(cursor.stream).read(cursor, maxEntries, share));
  }
}
