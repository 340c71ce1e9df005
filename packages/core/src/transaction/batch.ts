import type { EntryId } from '../domain/entry-id.js';
import type { KeyedState } from '../state/keyed-states.js';
import type { Publish } from '../store/commit.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import { bytesOf } from './delivery.js';
import type { Delivery } from './delivery.js';
import { PUBLISHES_MAX } from './publisher.js';

/** What a message, or the skip of a gap, stages besides state. */
export interface Staged {
  readonly delivery: Delivery;
  readonly publishes: readonly Publish[] | undefined;
  readonly callbacks: readonly (() => unknown)[] | undefined;
  /** Bytes to publish, about. */
  readonly bytes: number;
}

/** A message that was given up: where it goes, and why. */
export interface DeadLettered {
  readonly stream: string;
  readonly id: EntryId;
  /** The stream it was moved to. */
  readonly deadLetter: string;
  /** How often it was handled, or began to be. */
  readonly attempts: number;
  readonly code: string;
  readonly error: unknown;
}

/** From where to where a batch moved the state of one key. */
export interface KeyTouch {
  /** The mark of the key's undo log before the first change. */
  readonly start: number;
  /** The mark after the last one. */
  end: number;
  /** Whether the last change cleared it. */
  isCleared: boolean;
  /** When it was to expire before. */
  readonly expiredAt: number | undefined;
  /** When it is to expire after the last change. */
  expiresAt: number | undefined;
}

/** Handled messages that will commit together, in order, with all that they staged. */
export class Batch {
  readonly deliveries: Delivery[] = [];
  readonly publishes: Publish[] = [];
  readonly callbacks: (() => unknown)[] = [];
  /** Those of the messages that are not handled any more but moved to the dead letters. */
  readonly deadLettered: DeadLettered[] = [];
  /** The keys whose states it changed. */
  readonly touched: Map<KeyedState, KeyTouch> = new Map();
  /** Bytes to publish and of keys' states to store, about. */
  #bytesOut = 0;
  /** Bytes of the messages themselves, about: they are kept until the commit is acknowledged. */
  #bytesIn = 0;
  #gaps = 0;
  /** The state's mark before the first of the messages; 0 where each key has its own. */
  readonly startMark: number;
  /** The state's mark after the last of them. */
  endMark: number;

  constructor(startMark: number) {
    this.startMark = startMark;
    this.endMark = startMark;
  }

  get size(): number {
    return this.deliveries.length;
  }

  /** How many messages it holds; the skip of a gap is none. */
  get messages(): number {
    return this.size - this.#gaps;
  }

  /** Whether nothing more may join: by messages, by bytes in or out, or by publishes, which one script must append. */
  isFull({ maxMessages, maxBytes }: { readonly maxMessages: number; readonly maxBytes: number }): boolean {
    if (this.size >= maxMessages || this.publishes.length >= PUBLISHES_MAX) return true;
    return this.#bytesIn >= maxBytes || this.#bytesOut >= maxBytes;
  }

  /** Takes over what a handled message staged. */
  add({ delivery, publishes, callbacks, bytes }: Staged): void {
    this.deliveries.push(delivery);
    if (publishes !== undefined) for (const publish of publishes) this.publishes.push(publish);
    if (callbacks !== undefined) for (const callback of callbacks) this.callbacks.push(callback);
    if (delivery.gap !== undefined) this.#gaps += 1;
    this.#bytesOut += bytes;
    this.#bytesIn += bytesOf(delivery);
  }

  /** Takes over the state of a key that it changes for the first time; so many bytes are stored of it, about. */
  touch(state: KeyedState, touch: KeyTouch): void {
    this.touched.set(state, touch);
    this.#bytesOut += state.storedBytes;
  }

  /** How far each stream will have been read once this is committed: the last message of each. */
  cursors(): StreamCursor[] {
    const last = new Map<string, Delivery>();
    let previous: Delivery | undefined;
    for (const delivery of this.deliveries) {
      if (previous !== undefined && previous.stream !== delivery.stream) last.set(previous.stream, previous);
      previous = delivery;
    }
    if (previous !== undefined) last.set(previous.stream, previous);
    const cursors: StreamCursor[] = [];
    for (const { stream, id, read } of last.values()) cursors.push({ stream, position: id, read });
    return cursors;
  }
}
