import { timestampOf } from '../domain/entry-id.js';
import { ConfigurationError, TransactionClosedError } from '../domain/errors.js';
import type { StoredFields } from '../domain/fields.js';
import type { StateScope, TrackedState } from '../state/tracked-state.js';
import type { Publish } from '../store/commit.js';
import type { Delivery } from './delivery.js';
import { checkPublishBounds, encodeMessage } from './publisher.js';
import type { Publisher } from './publisher.js';
import type { StreamLike } from './stream-definition.js';
import type { EntryInfo, Transaction } from './transaction.js';

/** What a consumer without state shows its handlers: empty, and not to be written. */
const NO_STATE: object = new Proxy(Object.freeze({}), {
  set(_, name) {
    throw new ConfigurationError(
      `transaction.state.${String(name)} was set, but the consumer has no state: declare it by the option state.`,
      { option: 'state' },
    );
  },
});

/** A class for the reason that `EntryDelivery` is one. */
class StagedPublish implements Publish {
  readonly stream: string;
  readonly fields: StoredFields;

  constructor(stream: string, fields: StoredFields) {
    this.stream = stream;
    this.fields = fields;
  }
}

/** The transaction of one message while its handler runs, and what it has staged so far. */
export class MessageTransaction implements Transaction<object> {
  readonly delivery: Delivery;
  /** The state's mark before this message. */
  readonly startMark: number;
  /** The state's mark after this message, once it is closed: where a later message of the key begins (P27). */
  endMark: number;
  /** When the state of its key was to expire before this message. */
  readonly expiredAt: number | undefined;
  /** When it is to expire after it. */
  expiresAt: number | undefined;
  publishes: Publish[] | undefined;
  callbacks: (() => unknown)[] | undefined;
  bytes = 0;
  /** The state's mark after it was last cleared. */
  clearedMark: number | undefined;
  /** Whether an asynchronous handler has not settled. */
  isRunning = false;
  /** Set once the handler has failed, with what it threw. */
  hasFailed = false;
  failure: unknown;
  readonly #attempt: number;
  readonly #tracked: TrackedState | undefined;
  readonly #scope: StateScope | undefined;
  readonly #publisher: Publisher;
  #aborter: AbortController | undefined;
  #isOpen = true;
  #isAborted = false;

  constructor(delivery: Delivery, attempt: number, publisher: Publisher, tracked: TrackedState | undefined) {
    this.delivery = delivery;
    this.#attempt = attempt;
    this.#publisher = publisher;
    this.#tracked = tracked;
    this.startMark = tracked === undefined ? 0 : tracked.mark;
    this.endMark = this.startMark;
    this.expiredAt = delivery.prepared?.state?.expiresAt;
    this.expiresAt = this.expiredAt;
    this.#scope = tracked?.open();
  }

  get state(): object {
    this.#requireOpen();
    return this.root;
  }

  get entry(): EntryInfo {
    this.#requireOpen();
    const { stream, id } = this.delivery;
    return { stream, id, timestamp: timestampOf(id), attempt: this.#attempt };
  }

  /** A handler that was ended early may still ask whether it was: that is how it learns. */
  get signal(): AbortSignal {
    if (!this.#isAborted) this.#requireOpen();
    return (this.#aborter ??= new AbortController()).signal;
  }

  publish(target: StreamLike, message: unknown, options?: unknown): void {
    this.#requireOpen();
    if (options !== undefined) refuseOptions(options);
    const stream = this.#publisher.target(target);
    const { fields, bytes } = encodeMessage(target, message);
    checkPublishBounds((this.publishes?.length ?? 0) + 1, this.bytes + bytes);
    (this.publishes ??= []).push(new StagedPublish(stream, fields));
    this.bytes += bytes;
  }

  afterCommit(callback: () => unknown): void {
    this.#requireOpen();
    if (typeof callback !== 'function') throw new TypeError('afterCommit() takes a function.');
    (this.callbacks ??= []).push(callback);
  }

  clearState(): void {
    this.#requireOpen();
    this.#tracked?.reset();
    this.clearedMark = this.#tracked?.mark;
  }

  /** Whether the last thing it did to the state was to clear it; known once it is closed. */
  get isCleared(): boolean {
    return this.clearedMark !== undefined && this.clearedMark === this.endMark;
  }

  /** Whether it did anything to the state; known once it is closed. */
  get hasChanged(): boolean {
    return this.endMark > this.startMark || this.isCleared;
  }

  /** The state's root while the handler runs. */
  get root(): object {
    return this.#scope === undefined ? NO_STATE : this.#scope.root;
  }

  /** Throws `SerializationError` when the handler has made a change that the state could not see. */
  demandNothingLost(): void {
    this.#scope?.demandNothingLost();
  }

  /** Takes back what the message changed; nothing may have been written on top of it. */
  undo(): void {
    this.#tracked?.undoTo(this.startMark);
    const state = this.delivery.prepared?.state;
    if (state !== undefined) state.expiresAt = this.expiredAt;
  }

  /**
   * The handler has settled: the state of its key that it changed lives so long from now on, by the entry's time; for good
   * where numbers cannot tell that time exactly.
   */
  renewExpiry(ttlMs: number): void {
    const state = this.delivery.prepared?.state;
    if (state === undefined || !this.hasChanged) return;
    const expiresAt = timestampOf(this.delivery.id) + ttlMs;
    this.expiresAt = this.isCleared || !Number.isSafeInteger(expiresAt) ? undefined : expiresAt;
    state.expiresAt = this.expiresAt;
  }

  /** Ends the use of this transaction and of everything obtained from it. */
  close(): void {
    if (this.#isOpen && this.#tracked !== undefined) this.endMark = this.#tracked.mark;
    this.#isOpen = false;
    if (this.#scope !== undefined) this.#tracked!.close(this.#scope);
  }

  /** Ends it early: what the handler still does has no effect, and its signal says so. */
  abort(reason: unknown): void {
    this.close();
    this.#isAborted = true;
    (this.#aborter ??= new AbortController()).abort(reason);
  }

  #requireOpen(): void {
    if (this.#isOpen) return;
    const { stream, id } = this.delivery;
    throw new TransactionClosedError(
      `The transaction of entry ${id} of stream "${stream}" is closed: its handler has settled or was ended. ` +
        'Await everything that uses the transaction inside the handler.',
      { stream, entry: id },
    );
  }
}

/** Those of a producer's `publish` would do nothing here; whoever gives one has not been stopped by types. */
function refuseOptions(options: unknown): void {
  const [name] = Object.keys(Object(options) as object);
  if (name === undefined) return;
  throw new ConfigurationError(
    `transaction.publish() has no option "${name}": what a transaction publishes is appended exactly once, and how much ` +
      'of a stream is kept is said by defineStream.',
    { option: name },
  );
}
