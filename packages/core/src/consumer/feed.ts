import { compareIds } from '../domain/entry-id.js';
import type { EntryId } from '../domain/entry-id.js';
import { isArsError } from '../domain/errors.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import type { StoredEntry, StreamRead, StreamReader } from '../store/stream-store.js';
import type { Delivery } from '../transaction/delivery.js';
import type { PipelineListener } from './endings.js';
import { lossOf } from './ownership.js';
import type { ConsumerPlan } from './plan.js';

/** Entries of one stream that were read together. */
interface Chunk {
  readonly stream: string;
  readonly entries: readonly StoredEntry[];
  /** The read counter before the first of them. */
  readonly base: number;
  next: number;
}

/** What the last read that found nothing says: between the two IDs the stream holds no entry. */
interface Emptiness {
  readonly after: EntryId;
  readonly lastId: EntryId;
}

/** A read of so many entries or more means a backlog: the next read does not wait, and may use a denser form. */
const BACKLOG_ENTRIES = 32;
const WAIT_MS = 5_000;

/**
 * Reads ahead of the handler: at most one read under way and one read's worth waiting, each bounded by the batch's
 * messages and bytes. Deliveries that were undone come back first, in order.
 */
export class Feed {
  /** What stands after the last waiting entry and ends the consumer: a gap, a regression, an unreadable stream. */
  problem: unknown;
  /** A gap or regression that was read, and nobody has confirmed: an owner that was fenced has nothing to report. */
  #loss: unknown;
  readonly #plan: ConsumerPlan;
  readonly #listener: Pick<PipelineListener, 'onRead' | 'onLoss' | 'onDoubt'>;
  readonly #cursors = new Map<string, StreamCursor>();
  readonly #empty = new Map<string, Emptiness>();
  readonly #added = new Map<string, number>();
  #reader: StreamReader | undefined;
  #isReading = false;
  #hasBacklog = true;
  #chunks: Chunk[] = [];
  /** Deliveries to hand out again, last one first. */
  #returned: Delivery[] = [];

  constructor(plan: ConsumerPlan, listener: Pick<PipelineListener, 'onRead' | 'onLoss' | 'onDoubt'>) {
    this.#plan = plan;
    this.#listener = listener;
  }

  /** Forgets what was read and continues after the given cursors. */
  reset(cursors: readonly StreamCursor[]): void {
    this.#chunks = [];
    this.#returned = [];
    this.problem = undefined;
    this.#loss = undefined;
    this.#empty.clear();
    this.#cursors.clear();
    for (const cursor of cursors)
      if (this.#plan.address.streams.includes(cursor.stream)) this.#cursors.set(cursor.stream, cursor);
  }

  /** Reads with this reader from now on, where the last one ended. */
  attach(reader: StreamReader): void {
    this.#reader = reader;
    this.#loss = undefined;
    this.#isReading = false;
    this.#hasBacklog = true;
  }

  /** Ignores whatever the present reader still says. */
  detach(): void {
    this.#reader = undefined;
  }

  /** The next delivery, or `undefined` when none has arrived. */
  take(): Delivery | undefined {
    const returned = this.#returned.pop();
    if (returned !== undefined) return returned;
    const chunk = this.#chunks[0];
    if (chunk === undefined) return undefined;
    const entry = chunk.entries[chunk.next]!;
    chunk.next += 1;
    if (chunk.next === chunk.entries.length) this.#chunks.shift();
    return { stream: chunk.stream, id: entry.id, fields: entry.fields, read: chunk.base + chunk.next };
  }

  /** Whether nothing waits to be taken. */
  get isEmpty(): boolean {
    return this.#returned.length === 0 && this.#chunks.length === 0;
  }

  /** Takes undone deliveries back, in their order, before everything else. */
  putBack(deliveries: readonly Delivery[]): void {
    for (let index = deliveries.length - 1; index >= 0; index -= 1) this.#returned.push(deliveries[index]!);
  }

  /** The loss that was read is this owner's to report. */
  confirmLoss(): void {
    this.problem = this.#loss;
  }

  /** Starts a read if there is room for one. */
  readAhead(): void {
    const reader = this.#reader;
    if (this.problem !== undefined || this.#loss !== undefined) return;
    if (reader === undefined || this.#isReading || this.#chunks.length > 1) return;
    this.#isReading = true;
    void this.#read(reader);
  }

  /** Whether everything of a stream up to an ID has been read and is committed at the given position. */
  hasPassed(stream: string, target: EntryId, committed: EntryId): boolean {
    if (compareIds(committed, target) >= 0) return true;
    const empty = this.#empty.get(stream);
    return empty !== undefined && compareIds(empty.lastId, target) >= 0 && compareIds(committed, empty.after) >= 0;
  }

  /** Entries ever added to a stream, as of the last read. */
  added(stream: string): number | undefined {
    return this.#added.get(stream);
  }

  async #read(reader: StreamReader): Promise<void> {
    const { maxMessages, maxBytes } = this.#plan.batch;
    try {
      const reads = await reader.read({
        cursors: [...this.#cursors.values()],
        maxEntries: maxMessages,
        maxBytes,
        waitMs: this.#hasBacklog ? 0 : WAIT_MS,
      });
      if (reader === this.#reader) this.#accept(reads);
    } catch (error) {
      if (reader === this.#reader) this.#fail(error);
    }
  }

  #accept(reads: readonly StreamRead[]): void {
    this.#isReading = false;
    let entries = 0;
    for (const read of reads) {
      entries += read.entries.length;
      this.#acceptStream(read);
      if (this.#loss !== undefined) break;
    }
    this.#hasBacklog = entries >= BACKLOG_ENTRIES;
    if (this.#loss !== undefined) this.#listener.onLoss();
    this.#listener.onRead();
  }

  #acceptStream(read: StreamRead): void {
    this.#loss = lossOf(read, this.#plan.address.consumerId);
    if (this.#loss !== undefined) return;
    const before = this.#cursors.get(read.stream)!;
    this.#cursors.set(read.stream, read.cursor);
    this.#added.set(read.stream, read.added);
    if (read.entries.length === 0) {
      this.#empty.set(read.stream, { after: before.position, lastId: read.lastId });
    } else {
      this.#chunks.push({ stream: read.stream, entries: read.entries, base: before.read, next: 0 });
    }
  }

  #fail(error: unknown): void {
    this.#isReading = false;
    if (isArsError(error, 'ARS_STORE_UNAVAILABLE')) {
      this.#reader = undefined;
      this.#listener.onDoubt('lost', error);
    } else {
      this.problem = error;
      this.#listener.onRead();
    }
  }
}
