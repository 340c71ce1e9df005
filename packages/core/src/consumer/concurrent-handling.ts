import type { Delivery } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { StagedDeadLetter } from './dead-letters.js';
import type { Ending } from './endings.js';
import type { Handling, HandlingParts } from './handling.js';

/** A message in the window. */
interface Slot {
  readonly delivery: Delivery;
  readonly key: string | undefined;
  /** `waiting` for its key, for room or for its next try. */
  status: 'waiting' | 'running' | 'finished';
  transaction: MessageTransaction | undefined;
  /** Set for a message that has failed for good: it is given up, or ends the consumer, when its turn comes. */
  failure: StagedDeadLetter | Ending | undefined;
}

/** How many messages are taken ahead of the first unfinished one, in multiples of the concurrency. */
const WINDOW_FACTOR = 4;

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
  readonly #slots: Slot[] = [];
  #bytes = 0;

  constructor(parts: ConcurrentParts) {
    this.#parts = parts;
  }

  settle(): void {
    const { runner } = this.#parts;
    for (let settled = runner.takeSettled(); settled !== undefined; settled = runner.takeSettled()) {
      const slot = this.#slots.find(({ transaction }) => transaction === settled);
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
    this.#bytes = 0;
    return deliveries;
  }

  /** Takes messages into the window while there is room. */
  #fill(): void {
    const { concurrency, maxBytes } = this.#parts;
    while (this.#slots.length < this.#room(concurrency * WINDOW_FACTOR) && this.#bytes < maxBytes) {
      const delivery = this.#parts.take();
      if (delivery === undefined) return;
      this.#slots.push({
        delivery,
        key: this.#parts.keyOf(delivery),
        status: 'waiting',
        transaction: undefined,
        failure: undefined,
      });
      this.#bytes += sizeOf(delivery);
    }
  }

  #room(most: number): number {
    return this.#parts.isOneByOne() ? 1 : most;
  }

  /** Starts what may run: not before an unfinished message of the same key, and never more at once than allowed. */
  #start(): void {
    const { runner, concurrency } = this.#parts;
    if (runner.isLingering || !this.#parts.mayStart()) return;
    const busy = new Set<string>();
    for (const slot of this.#slots) {
      if (runner.running >= concurrency) return;
      if (slot.status === 'waiting' && this.#mayStart(slot, busy)) this.#run(slot);
      if (slot.key !== undefined && slot.status !== 'finished') busy.add(slot.key);
    }
  }

  #mayStart({ key, delivery }: Slot, busy: ReadonlySet<string>): boolean {
    return (key === undefined || !busy.has(key)) && !this.#parts.isWaiting(delivery);
  }

  #run(slot: Slot): void {
    const transaction = this.#parts.runner.run(slot.delivery, this.#parts.attemptOf(slot.delivery));
    slot.transaction = transaction;
    slot.status = 'running';
    if (!transaction.isRunning) this.#finish(slot, transaction);
  }

  #finish(slot: Slot, transaction: MessageTransaction): void {
    slot.status = 'finished';
    if (!transaction.hasFailed) return;
    transaction.undo();
    slot.transaction = undefined;
    const result = this.#parts.judge(slot.delivery, transaction.failure);
    if (result === 'retry') slot.status = 'waiting';
    else slot.failure = result;
  }

  /** Lets the finished prefix go on; true when anything did. */
  #passOn(): boolean {
    let hasPassed = false;
    while (this.#slots[0]?.status === 'finished' && this.#parts.mayStage()) {
      const slot = this.#slots.shift()!;
      this.#bytes -= sizeOf(slot.delivery);
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

function sizeOf({ fields }: Delivery): number {
  let bytes = 0;
  for (const value of fields) bytes += value.length;
  return bytes;
}
