import type { Publish } from '../store/commit.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import type { Delivery } from './delivery.js';
import type { MessageTransaction } from './message-transaction.js';
import { PUBLISHES_MAX } from './publisher.js';

/** Handled messages that will commit together, in order, with all that they staged. */
export class Batch {
  readonly deliveries: Delivery[] = [];
  readonly publishes: Publish[] = [];
  readonly callbacks: (() => unknown)[] = [];
  /** Bytes to publish, about. */
  #bytesOut = 0;
  /** Bytes of the messages themselves, about: they are kept until the commit is acknowledged. */
  #bytesIn = 0;
  /** The state's mark before the first of the messages. */
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

  /** Whether nothing more may join: by messages, by bytes in or out, or by publishes, which one script must append. */
  isFull({ maxMessages, maxBytes }: { readonly maxMessages: number; readonly maxBytes: number }): boolean {
    if (this.size >= maxMessages || this.publishes.length >= PUBLISHES_MAX) return true;
    return this.#bytesIn >= maxBytes || this.#bytesOut >= maxBytes;
  }

  /** Takes over what a handled message staged. */
  add(transaction: MessageTransaction, endMark: number): void {
    this.deliveries.push(transaction.delivery);
    if (transaction.publishes !== undefined) for (const publish of transaction.publishes) this.publishes.push(publish);
    if (transaction.callbacks !== undefined)
      for (const callback of transaction.callbacks) this.callbacks.push(callback);
    this.#bytesOut += transaction.bytes;
    for (const value of transaction.delivery.fields) this.#bytesIn += value.length;
    this.endMark = endMark;
  }

  /** How far each stream will have been read once this is committed: the last message of each. */
  cursors(): StreamCursor[] {
    const last = new Map<string, Delivery>();
    for (const delivery of this.deliveries) last.set(delivery.stream, delivery);
    return Array.from(last.values(), ({ stream, id, read }) => ({ stream, position: id, read }));
  }
}
