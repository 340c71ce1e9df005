import type {
  ConsumerAddress,
  ConsumerHome,
  EntryId,
  Inspection,
  ReadRequest,
  StoredEntry,
  StreamCursor,
  StreamRead,
  StreamReader,
  StreamStore,
} from '@ars/core';
import { check } from './check.js';
import { inspected } from './inspected.js';
import { Owner } from './owner.js';
import type { StoreHook, StoreSubject } from './subject.js';

/** Everything that can be seen of a consumer and of some streams. */
export interface Picture {
  readonly inspection: Inspection;
  readonly streams: readonly StreamPicture[];
}

/** Everything that can be seen of a stream. */
export interface StreamPicture {
  readonly entries: readonly StoredEntry[];
  readonly added: number;
  readonly lastId: EntryId;
}

/** One behaviour's try: a store of its own, names that no other try uses, and what most tries do with them. */
export class Trial {
  readonly subject: StoreSubject;
  readonly tag: string;
  readonly #opened: { close(): void }[] = [];

  constructor(subject: StoreSubject, tag: string) {
    this.subject = subject;
    this.tag = tag;
  }

  get store(): StreamStore {
    return this.subject.store;
  }

  /** A hook that the behaviour has declared to need. */
  hook<H extends StoreHook>(name: H): NonNullable<StoreSubject[H]> {
    const hook = this.subject[name];
    check(
      hook !== undefined,
      `The store's tests give no hook "${name}": give it, or declare it in "missing" with the reason`,
    );
    return (hook as () => unknown).bind(this.subject) as NonNullable<StoreSubject[H]>;
  }

  /** A stream's full name. */
  stream(name: string): string {
    return `{${this.tag}}${name}`;
  }

  /** A name that is the store's own and no stream of its users; `undefined` when it has none. */
  get ownName(): string | undefined {
    const name = `ars:{${this.tag}}:state:x`;
    return this.store.placementProblem(this.tag, name) === undefined ? undefined : name;
  }

  /** The start of a stream, or a place in it. */
  cursor(name: string, position: EntryId = '0-0', read = 0): StreamCursor {
    return { stream: this.stream(name), position, read };
  }

  /** The address of a consumer of the stream `in`, with state, that reads from this store. */
  address(changes: Partial<ConsumerAddress> = {}): ConsumerAddress {
    const stream = changes.streams?.[0] ?? this.stream('in');
    const whole = { consumerId: 'worker', home: this.tag, scope: stream, streams: [stream], readsHere: true };
    return { ...whole, stateName: undefined, isKeyed: false, ...changes };
  }

  /** A new reader; closed at the end. */
  async reader(): Promise<StreamReader> {
    return this.#keep(await this.store.openReader());
  }

  /** A new home; closed at the end. */
  async home(changes: Partial<ConsumerAddress> = {}): Promise<ConsumerHome> {
    return this.#keep(await this.store.openHome(this.address(changes)));
  }

  /** A new owner, which fences any earlier one. */
  async own(changes: Partial<ConsumerAddress> = {}, starts?: readonly StreamCursor[]): Promise<Owner> {
    const home = await this.home(changes);
    const { streams } = this.address(changes);
    return Owner.claim(home, starts ?? streams.map((stream) => ({ stream, position: '0-0', read: 0 })));
  }

  /** Adds entries with one field `n` outside the library. */
  async add(name: string, ...values: readonly (string | number)[]): Promise<EntryId[]> {
    const ids: EntryId[] = [];
    for (const n of values) ids.push(await this.subject.addEntry(this.stream(name), ['n', String(n)]));
    return ids;
  }

  /** Reads one stream once. */
  async readOnce(reader: StreamReader, cursor: StreamCursor, changes: Partial<ReadRequest> = {}): Promise<StreamRead> {
    const [read] = await reader.read(requestOf([cursor], changes));
    check(read !== undefined, 'a read answers one result for each cursor');
    return read;
  }

  /** Everything that is in a stream, by a reader of its own. */
  async look(name: string): Promise<StreamPicture> {
    const reader = await this.store.openReader();
    try {
      return await this.#lookWith(reader, this.stream(name));
    } finally {
      reader.close();
    }
  }

  /** The field `n` of everything that is in a stream. */
  async values(name: string): Promise<unknown[]> {
    return (await this.look(name)).entries.map(({ fields }) => fields[1]);
  }

  /** Everything that can be seen of the consumer and of these streams, over connections of its own. */
  async picture(names: readonly string[], changes: Partial<ConsumerAddress> = {}): Promise<Picture> {
    const home = await this.store.openHome(this.address(changes));
    try {
      const inspection = inspected(await home.inspect());
      const streams: StreamPicture[] = [];
      for (const name of names) streams.push(await this.look(name));
      return { inspection, streams };
    } finally {
      home.close();
    }
  }

  /** Closes what was opened, and the store. */
  async end(): Promise<void> {
    for (const opened of this.#opened) opened.close();
    await this.subject.close();
  }

  async #lookWith(reader: StreamReader, stream: string): Promise<StreamPicture> {
    let cursor = await reader.locate(stream, 'beginning');
    const entries: StoredEntry[] = [];
    for (;;) {
      const read = await this.readOnce(reader, cursor);
      entries.push(...read.entries);
      const { added, lastId } = read;
      if (read.entries.length === 0) return { entries, added, lastId };
      cursor = read.cursor;
    }
  }

  #keep<T extends { close(): void }>(opened: T): T {
    this.#opened.push(opened);
    return opened;
  }
}

/** A read of much, without waiting. */
export function requestOf(cursors: readonly StreamCursor[], changes: Partial<ReadRequest> = {}): ReadRequest {
  return { cursors, maxEntries: 1_000, maxBytes: 4_194_304, waitMs: 0, ...changes };
}
