import {
  type AppendAnswer,
  type AppendRequest,
  type AuditFinding,
  BEGINNING,
  CommitError,
  ConfigurationError,
  type ConsumerAddress,
  type ConsumerHome,
  type DurabilityKind,
  type EntryId,
  type FieldsInput,
  type MoveAnswer,
  type MoveRequest,
  type RegisteredConsumer,
  type Retention,
  type StoredFields,
  type StreamCursor,
  type StreamReader,
} from '@ars/core';
import { moveEntries } from '../care/moving.js';
import { registeredConsumers, registerForeign, unregister } from '../care/registry.js';
import { trimStream } from '../care/trimming.js';
import { MemoryHome } from '../consumers/memory-home.js';
import { type MemorySettings, memorySettings, type MemoryStoreOptions } from '../options.js';
import { MemoryReader } from '../reading/memory-reader.js';
import { IdempotencyWindow } from '../streams/idempotency-window.js';
import { ownNameProblem, refuseOwnName } from '../streams/own-names.js';
import { acceptedContent, deleteFrom, explicitId, listedEntry, streamInfo, trimLog } from './content-tools.js';
import { Database } from './database.js';
import { Links } from './links.js';
import type { MemoryEntry, MemorySnapshot, MemoryStore, MemoryStreamInfo, TrimTarget } from './memory-store.js';

/**
 * Creates an empty store in memory, with the semantics of Redis streams. Consumers, producers and tests that share the
 * object share its content, like processes that share a server.
 * @throws ConfigurationError for an option that does not exist or is wrong
 */
export function createMemoryStore(options: MemoryStoreOptions = {}): MemoryStore {
  return new InMemoryStore(memorySettings(options));
}

class InMemoryStore implements MemoryStore {
  readonly name: string;
  readonly durability: readonly DurabilityKind[] = [];
  readonly #settings: MemorySettings;
  readonly #links: Links;
  #database = new Database();

  constructor(settings: MemorySettings) {
    this.name = settings.name;
    this.#settings = settings;
    this.#links = new Links(settings.name);
  }

  async openReader(): Promise<StreamReader> {
    return new MemoryReader(this.#database, this.#links.open(), this.#settings.after);
  }

  async openHome(address: ConsumerAddress): Promise<ConsumerHome> {
    return new MemoryHome(this.#database, this.#links.open(), address, this.#settings.now);
  }

  async append({ stream, fields, idempotencyKey }: AppendRequest): Promise<AppendAnswer> {
    this.#links.check();
    refuseOwnName(stream);
    if (idempotencyKey === undefined) return { id: this.add(stream, fields), isRepeat: false };
    const nowMs = this.#settings.now();
    const window = this.#database.idempotency.get(stream) ?? new IdempotencyWindow(this.#settings.idempotency);
    const earlier = window.find(idempotencyKey, nowMs);
    if (earlier !== undefined) return { id: earlier, isRepeat: true };
    if (!window.makeRoom(nowMs)) throw this.#full(stream, window.size);
    const id = this.add(stream, fields);
    this.#database.idempotency.set(stream, window);
    window.remember(idempotencyKey, id, nowMs);
    return { id, isRepeat: false };
  }

  async tail(streams: readonly string[]): Promise<readonly EntryId[]> {
    this.#links.check();
    return streams.map((stream) => this.#database.streams.get(stream)?.tailId ?? BEGINNING);
  }

  /** There are no slots here, so only the library's own names are no place for a stream. */
  placementProblem(_home: string, stream: string): string | undefined {
    return ownNameProblem(stream);
  }

  async audit(): Promise<readonly AuditFinding[]> {
    this.#links.check();
    return [LIVES_HERE];
  }

  async trim(stream: string, retention: Retention): Promise<number> {
    this.#links.check();
    return trimStream(this.#database, stream, retention, this.#settings.now());
  }

  async consumers(stream: string): Promise<readonly RegisteredConsumer[]> {
    this.#links.check();
    return registeredConsumers(this.#database, stream);
  }

  async register(address: ConsumerAddress, cursors: readonly StreamCursor[]): Promise<void> {
    this.#links.check();
    registerForeign(this.#database, address, cursors);
  }

  async unregister(address: ConsumerAddress): Promise<boolean> {
    this.#links.check();
    return unregister(this.#database, address);
  }

  async move(request: MoveRequest): Promise<MoveAnswer> {
    this.#links.check();
    return moveEntries(this.#database, request, this.#settings.now());
  }

  async close(): Promise<void> {
    this.#links.close();
  }

  entries(stream: string): readonly MemoryEntry[] {
    const log = this.#database.streams.get(stream);
    return log === undefined ? [] : log.slice(0, log.length, Infinity).map(listedEntry);
  }

  streamInfo(stream: string): MemoryStreamInfo | undefined {
    const log = this.#database.streams.get(stream);
    return log && streamInfo(log);
  }

  add(stream: string, fields: FieldsInput | StoredFields, id?: EntryId): EntryId {
    const content = acceptedContent(stream, fields);
    if (id !== undefined) {
      explicitId(stream, id, this.#database.streams.get(stream)?.lastId ?? BEGINNING);
      this.#database.appendAs(stream, id, content);
      return id;
    }
    const given = this.#database.append(stream, content, this.#settings.now());
    if (given === undefined) throw new CommitError(`Stream "${stream}" has no entry IDs left`, { stream });
    return given;
  }

  delete(stream: string, ...ids: EntryId[]): number {
    const count = deleteFrom(this.#database.streams.get(stream), ids);
    this.#database.news.changed(stream);
    return count;
  }

  truncate(stream: string, to: TrimTarget): number {
    const log = this.#database.streams.get(stream);
    const count = log === undefined ? 0 : trimLog(log, to);
    this.#database.news.changed(stream);
    return count;
  }

  deleteStream(stream: string): boolean {
    const wasThere = this.#database.streams.delete(stream);
    this.#database.news.changed(stream);
    return wasThere;
  }

  evict(what: 'record' | 'state', consumerId: string): number {
    return what === 'record' ? drop(this.#database.records, consumerId) : drop(this.#database.states, consumerId);
  }

  snapshot(): MemorySnapshot {
    return new Snapshot(this.#database);
  }

  restoreSnapshot(snapshot: MemorySnapshot): void {
    if (!(snapshot instanceof Snapshot)) {
      throw new ConfigurationError('restoreSnapshot takes what snapshot() of a memory store answered');
    }
    this.#database = snapshot.content();
    this.#links.cutAll('an older copy of it was restored');
  }

  disconnect(): void {
    this.#links.cutAll('the connection was cut');
  }

  #full(stream: string, keys: number): CommitError {
    return new CommitError(
      `${this.name} refuses to append (stream '${stream}'): it remembers ${keys} idempotency keys, and idempotencyKeysMax allows no more`,
      { stream, reason: 'IDEMPOTENCY_FULL', keys },
    );
  }
}

/** What an audit of every memory store finds. */
const LIVES_HERE: AuditFinding = Object.freeze({
  code: 'NO_PERSISTENCE',
  severity: 'info',
  message: 'The data lives in this process and ends with it. Use a store on a server for what must last.',
  details: Object.freeze({}),
});

/** A database that nobody writes to: a copy made of it, and copies made from it. */
class Snapshot implements MemorySnapshot {
  readonly history: string;
  readonly #content: Database;

  constructor(database: Database) {
    this.history = database.history;
    this.#content = database.copy();
  }

  content(): Database {
    return this.#content.copy();
  }
}

/** Removes what is kept of a consumer, and tells how much that was. */
function drop(kept: Map<string, { readonly consumerId: string }>, consumerId: string): number {
  const before = kept.size;
  for (const [name, one] of kept) if (one.consumerId === consumerId) kept.delete(name);
  return before - kept.size;
}
