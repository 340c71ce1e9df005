import { compareIds } from '../domain/entry-id.js';
import type { EntryId } from '../domain/entry-id.js';
import { isArsError } from '../domain/errors.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import type { StreamRead, StreamReader } from '../store/stream-store.js';
import type { StoredEntry } from '../store/stored-entry.js';
import { EntryDelivery } from '../transaction/delivery.js';
import type { Delivery } from '../transaction/delivery.js';
import type { PipelineListener } from './endings.js';
import { regressionOf } from './losses.js';
import type { ConsumerPlan } from './plan.js';

/** Entries of one stream that were read together, and what was missing before them. */
interface Chunk {
  readonly stream: string;
  readonly entries: readonly StoredEntry[];
  gap: Delivery | undefined;
  /** The read counter before the first of them. */
  readonly base: number;
  next: number;
}

/** What the last read that found nothing says: between the two IDs the stream holds no entry. */
interface Emptiness {
  /** Where it was read from. A gap before it raises the read counter, and moves no position. */
  readonly after: StreamCursor;
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
  /** What stands after the last waiting entry and ends the consumer: a regression, an unreadable stream. */
  problem: unknown;
  /** Whether to read one entry at a time, and none ahead. */
  isCautious = false;
  /** A read that found entries missing, and nobody has confirmed: an owner that was fenced has nothing to report. */
  #loss: StreamRead | undefined;
  readonly #plan: ConsumerPlan;
  readonly #listener: Pick<PipelineListener, 'onRead' | 'onLoss' | 'onDoubt'>;
  readonly #cursors = new Map<string, StreamCursor>();
  readonly #empty = new Map<string, Emptiness>();
  readonly #added = new Map<string, number>();
  #reader: StreamReader | undefined;
  #isReading = false;
  #hasBacklog = true;
  #isAtEnd = false;
  #chunks: Chunk[] = [];
  /** Deliveries to hand out again, last one first. */
  #returned: Delivery[] = [];

  constructor(plan: ConsumerPlan, listener: Pick<PipelineListener, 'onRead' | 'onLoss' | 'onDoubt'>) {
    this.#plan = plan;
    this.#listener = listener;
  }

  /** Forgets what was read and continues after the given cursors; what is read of the first stream comes first. */
  reset(cursors: readonly StreamCursor[], firstStream?: string): void {
    this.#chunks = [];
    this.#returned = [];
    this.problem = undefined;
    this.#loss = undefined;
    this.#isAtEnd = false;
    this.#empty.clear();
    this.#cursors.clear();
    const isFirst = ({ stream }: StreamCursor): boolean => stream === firstStream;
    for (const cursor of [...cursors.filter(isFirst), ...cursors.filter((one) => !isFirst(one))])
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
    if (chunk.gap !== undefined) return this.#takeGap(chunk, chunk.gap);
    const entry = chunk.entries[chunk.next]!;
    chunk.next += 1;
    if (chunk.next === chunk.entries.length) this.#chunks.shift();
    return new EntryDelivery(chunk.stream, entry, chunk.base + chunk.next);
  }

  /** The next delivery, if it is one that was undone. */
  peek(): Delivery | undefined {
    return this.#returned.at(-1);
  }

  /** Whether there was more to read than was read last. */
  get hasBacklog(): boolean {
    return this.#hasBacklog;
  }

  /** Whether the last read found nothing, and all before it was taken. */
  get isAtEnd(): boolean {
    return this.#isAtEnd && this.isEmpty;
  }

  /** Whether nothing waits to be taken. */
  get isEmpty(): boolean {
    return this.#returned.length === 0 && this.#chunks.length === 0;
  }

  /** Takes undone deliveries back, in their order, before everything else. */
  putBack(deliveries: readonly Delivery[]): void {
    for (let index = deliveries.length - 1; index >= 0; index -= 1) this.#returned.push(deliveries[index]!);
  }

  /** The loss that was read is this owner's to report: a gap takes its place among the entries. */
  confirmLoss(): void {
    const read = this.#loss;
    this.#loss = undefined;
    if (read?.regressed === true) this.problem = regressionOf(read, this.#plan.address.consumerId);
    else if (read !== undefined) this.#acceptEntries(read);
  }

  /** Starts a read if there is room for one; true for one that does not wait for news. */
  readAhead(): boolean {
    const reader = this.#reader;
    if (this.problem !== undefined || this.#loss !== undefined) return false;
    if (reader === undefined || this.#isReading || this.#chunks.length > 1) return false;
    if (this.isCautious && !this.isEmpty) return false;
    this.#isReading = true;
    void this.#read(reader);
    return this.#hasBacklog;
  }

  /** Whether everything of a stream up to an ID has been read and is committed at the given cursor. */
  hasPassed(target: EntryId, { stream, position, read }: StreamCursor): boolean {
    if (compareIds(position, target) >= 0) return true;
    const empty = this.#empty.get(stream);
    if (empty === undefined || compareIds(empty.lastId, target) < 0) return false;
    return compareIds(position, empty.after.position) >= 0 && read >= empty.after.read;
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
        maxEntries: this.isCautious ? 1 : maxMessages,
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
      if (read.regressed || read.lost > 0) {
        this.#loss = read;
        break;
      }
      this.#acceptEntries(read);
    }
    const { maxMessages } = this.#plan.batch;
    this.#hasBacklog = entries >= (this.isCautious ? 1 : Math.min(BACKLOG_ENTRIES, maxMessages));
    this.#isAtEnd = entries === 0 && this.#loss === undefined;
    if (this.#loss !== undefined) this.#listener.onLoss();
    this.#listener.onRead();
  }

  #acceptEntries(read: StreamRead): void {
    const { stream, entries, cursor, lost } = read;
    const before = this.#cursors.get(stream)!;
    this.#cursors.set(stream, cursor);
    this.#added.set(stream, read.added);
    const base = before.read + lost;
    const gap = lost === 0 ? undefined : gapDelivery(read, before.position, base);
    if (gap !== undefined || entries.length > 0) this.#chunks.push({ stream, entries, gap, base, next: 0 });
    else this.#empty.set(stream, { after: before, lastId: read.lastId });
  }

  #takeGap(chunk: Chunk, gap: Delivery): Delivery {
    chunk.gap = undefined;
    if (chunk.entries.length === 0) this.#chunks.shift();
    return gap;
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

/** The place of entries that vanished unread: committing it raises the read counter, and moves nothing else. */
function gapDelivery({ stream, lost, entries, lastId }: StreamRead, after: EntryId, read: number): Delivery {
  const gap = { stream, lost, after, upTo: entries[0]?.id ?? lastId };
  return { stream, id: after, fields: [], read, gap, prepared: undefined };
}
