import { BEGINNING, type EntryId, systemEnvironment } from '@ars/core';
import { type ConsumerRecord, copyRecord } from '../consumers/consumer-record.js';
import { type ConsumerState, copyState } from '../consumers/consumer-state.js';
import { StreamNews } from '../reading/stream-news.js';
import type { IdempotencyWindow } from '../streams/idempotency-window.js';
import { nextId } from '../streams/next-id.js';
import type { StoredContent } from '../streams/stored-content.js';
import { StreamLog } from '../streams/stream-log.js';

/**
 * Everything that a store holds at a time, and the history it belongs to. Restoring a snapshot puts another database
 * in its place; readers and homes keep the one that they were opened on, and are cut.
 */
export class Database {
  /** Equal for all who see this database, and never the same for two. */
  readonly history: string = `memory:${systemEnvironment.uniqueToken()}`;
  readonly streams: Map<string, StreamLog> = new Map();
  /** By record name, see `ConsumerPlace`. */
  readonly records: Map<string, ConsumerRecord> = new Map();
  /** By state name, see `ConsumerPlace`. */
  readonly states: Map<string, ConsumerState> = new Map();
  /** By stream: all consumers that read it, by the names of their records or as `foreignName` says, and their positions. */
  readonly registry: Map<string, Map<string, EntryId>> = new Map();
  /** By stream. */
  readonly idempotency: Map<string, IdempotencyWindow> = new Map();
  /** Who waits for entries. */
  readonly news: StreamNews = new StreamNews();

  /** Appends under the ID that a server would give; `undefined` when the stream has no ID left. */
  append(stream: string, content: StoredContent, nowMs: number): EntryId | undefined {
    const id = nextId(this.streams.get(stream)?.lastId ?? BEGINNING, nowMs);
    if (id !== undefined) this.appendAs(stream, id, content);
    return id;
  }

  /** Appends under an ID that must be above the stream's last one. */
  appendAs(stream: string, id: EntryId, content: StoredContent): void {
    let log = this.streams.get(stream);
    if (log === undefined) this.streams.set(stream, (log = new StreamLog()));
    log.append(id, content);
    this.news.changed(stream);
  }

  /** Lists a name among the consumers of a stream, with the position it is known to have committed. */
  register(stream: string, name: string, position: EntryId): void {
    const listed = this.registry.get(stream);
    if (listed === undefined) this.registry.set(stream, new Map([[name, position]]));
    else listed.set(name, position);
  }

  /** The same content under a history of its own; nobody waits for it yet. */
  copy(): Database {
    const copy = new Database();
    for (const [name, log] of this.streams) copy.streams.set(name, log.copy());
    for (const [name, record] of this.records) copy.records.set(name, copyRecord(record));
    for (const [name, state] of this.states) copy.states.set(name, copyState(state));
    for (const [stream, listed] of this.registry) copy.registry.set(stream, new Map(listed));
    for (const [stream, keys] of this.idempotency) copy.idempotency.set(stream, keys.copy());
    return copy;
  }
}
