import { bytesOf } from '../transaction/delivery.js';
import type { Delivery } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { StagedDeadLetter } from './dead-letters.js';
import type { Ending } from './endings.js';
import { KeyQueues } from './key-queues.js';
import type { Handling, HandlingParts } from './handling.js';
import { windowOf } from './window.js';

/** A message in the window. */
interface Slot {
  readonly delivery: Delivery;
  readonly key: string | undefined;
  /** Whether it was handled, or has failed for good. */
  isFinished: boolean;
  transaction: MessageTransaction | undefined;
  /** Set for a message that has failed for good: it is given up, or ends the consumer, when its turn comes. */
  failure: StagedDeadLetter | Ending | undefined;
}

/** What concurrent handling needs besides. */
export interface ConcurrentParts extends HandlingParts {
  readonly concurrency: number;
  /** The most bytes of messages in the window. */
  readonly maxBytes: number;
  /** Whether messages go one by one, each after the commit of the one before. */
  isOneByOne(): boolean;
  /** Whether handlers may be started. */
  mayStart(): boolean;
  /** Whether what has been handled may go on. */
  mayStage(): boolean;
  /** Whether a message waits for the time of its next try. */
  isWaiting(delivery: Delivery): boolean;
  keyOf(delivery: Delivery): string | undefined;
}

/**
 * Handles several messages at once (PROTOCOL P27): those of one key in order, others side by side. What was handled goes
 * on in stream order only, so a commit always holds the finished prefix; what has finished behind an unfinished message
 * waits in the window, and is handled again after a crash.
 */
export class ConcurrentHandling implements Handling {
  readonly #parts: ConcurrentParts;
  /** In stream order. */
  readonly #slots: Slot[] = [];
  readonly #running = new Map<MessageTransaction, Slot>();
  /** Unfinished messages by key: the first of each may run. */
  readonly #queues = new KeyQueues<Slot>();
  /** Those that may start as soon as there is room. */
  readonly #ready: Slot[] = [];
  /** Those that wait for the time of their next try. */
  readonly #retrying = new Set<Slot>();
  #bytes = 0;

  constructor(parts: ConcurrentParts) {
    this.#parts = parts;
  }

  get isEmpty(): boolean {
    return this.#slots.length === 0;
  }

  settle(): void {
    const { runner } = this.#parts;
    for (let settled = runner.takeSettled(); settled !== undefined; settled = runner.takeSettled()) {
      const slot = this.#running.get(settled);
      if (slot !== undefined) this.#finish(slot, settled);
    }
    this.#passOn();
  }

  advance(): void {
    do {
      this.#fill();
      this.#start();
    } while (this.#passOn());
  }

  abort(reason: unknown): Delivery[] {
    this.#parts.runner.abort(reason);
    for (const { transaction } of [...this.#slots].reverse()) transaction?.undo();
    const deliveries = this.#slots.map(({ delivery }) => delivery);
    this.#slots.length = 0;
    this.#ready.length = 0;
    this.#running.clear();
    this.#queues.clear();
    this.#retrying.clear();
    this.#bytes = 0;
    return deliveries;
  }

  /** Takes messages into the window while there is room. */
  #fill(): void {
    const { concurrency, maxBytes } = this.#parts;
    while (this.#slots.length < this.#room(windowOf(concurrency)) && this.#bytes < maxBytes) {
      if (this.#isLastWithoutKey()) return;
      const delivery = this.#parts.take();
      if (delivery === undefined) return;
      this.#join(delivery);
    }
  }

  #join(delivery: Delivery): void {
    const key = this.#parts.keyOf(delivery);
    const slot: Slot = { delivery, key, isFinished: false, transaction: undefined, failure: undefined };
    this.#slots.push(slot);
    this.#bytes += bytesOf(delivery);
    if (this.#queues.join(slot)) this.#ready.push(slot);
  }

  /** Whether a key could not be found: as it may be that of any message behind, none is taken before that is settled. */
  #isLastWithoutKey(): boolean {
    const last = this.#slots.at(-1);
    return last !== undefined && !last.isFinished && hasNoKey(last.delivery);
  }

  #room(most: number): number {
    return this.#parts.isOneByOne() ? 1 : most;
  }

  /** Starts what may run: the first unfinished message of each key, and never more at once than allowed. */
  #start(): void {
    const { runner, concurrency } = this.#parts;
    if (runner.isLingering || !this.#parts.mayStart()) return;
    for (const slot of this.#retrying) {
      if (this.#parts.isWaiting(slot.delivery)) continue;
      this.#retrying.delete(slot);
      this.#ready.unshift(slot);
    }
    while (this.#ready.length > 0 && runner.running < concurrency) this.#run(this.#ready.shift()!);
  }

  #run(slot: Slot): void {
    const transaction = this.#parts.runner.run(slot.delivery, this.#parts.attemptOf(slot.delivery));
    slot.transaction = transaction;
    if (transaction.isRunning) this.#running.set(transaction, slot);
    else this.#finish(slot, transaction);
  }

  #finish(slot: Slot, transaction: MessageTransaction): void {
    this.#running.delete(transaction);
    if (transaction.hasFailed && !this.#fail(slot, transaction)) return;
    slot.isFinished = true;
    const next = this.#queues.leave(slot);
    if (next !== undefined) this.#ready.push(next);
  }

  /** Undoes a failed message; true when that is final. */
  #fail(slot: Slot, transaction: MessageTransaction): boolean {
    transaction.undo();
    slot.transaction = undefined;
    const result = this.#parts.judge(slot.delivery, transaction.failure);
    if (result !== 'retry') slot.failure = result;
    else if (hasNoKey(slot.delivery) || this.#parts.isOneByOne()) this.#returnLast(slot);
    else this.#retrying.add(slot);
    return result !== 'retry';
  }

  /** It is taken anew, to be asked for its key or to be vetted; nothing was taken behind it. */
  #returnLast(slot: Slot): void {
    const { delivery } = slot;
    this.#slots.pop();
    this.#queues.leave(slot);
    this.#bytes -= bytesOf(delivery);
    // First: the line unpins the state that it finds in the preparation; without keyed state it leaves that as it is.
    this.#parts.putBack(delivery);
    delivery.prepared = undefined;
  }

  /** Lets the finished prefix go on; true when anything did. */
  #passOn(): boolean {
    let hasPassed = false;
    while (this.#slots[0]?.isFinished === true && this.#parts.mayStage()) {
      const slot = this.#slots.shift()!;
      this.#bytes -= bytesOf(slot.delivery);
      hasPassed = true;
      if (slot.transaction !== undefined) this.#parts.onHandled(slot.transaction);
      else if ('deadLettered' in slot.failure!) this.#parts.onDeadLetter(slot.failure);
      else this.#end(slot, slot.failure!);
    }
    return hasPassed;
  }

  /** What stands behind the message that ends the consumer has no place to go to. */
  #end({ delivery }: Slot, ending: Ending): void {
    const behind = this.abort(ending.error);
    for (const one of [...behind.reverse(), delivery]) this.#parts.putBack(one);
    this.#parts.onEnding(ending);
  }
}

function hasNoKey({ prepared }: Delivery): boolean {
  return prepared?.failure !== undefined;
}
