import type { TrackedState } from '../state/tracked-state.js';
import { Batch } from '../transaction/batch.js';
import type { Delivery } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';

/**
 * All handled work that is not known to be committed, in order: the batch in flight, then the staged one. Its marks say
 * which writes of the state belong to what, so that it can be undone from any point (G5) and committed up to one.
 */
export class Work {
  /** Handled since the batch in flight was sent. */
  staged: Batch = new Batch(0);
  /** Sent, answer unknown. */
  inFlight: Batch | undefined;
  readonly #tracked: TrackedState | undefined;

  constructor(tracked: TrackedState | undefined) {
    this.#tracked = tracked;
  }

  /** The state's mark up to which everything is committed. */
  get committedMark(): number {
    return (this.inFlight ?? this.staged).startMark;
  }

  /** Whether nothing is waiting for a commit or for its answer. */
  get isEmpty(): boolean {
    return this.inFlight === undefined && this.staged.size === 0;
  }

  /** Stages what a handled message did. */
  add(transaction: MessageTransaction): void {
    this.staged.add(transaction, this.#mark);
  }

  /** Takes back what a failed message did. */
  drop(transaction: MessageTransaction): void {
    this.#tracked?.undoTo(transaction.startMark);
  }

  /** Turns the staged batch into the one in flight. */
  launch(): Batch {
    const batch = this.staged;
    this.inFlight = batch;
    this.staged = new Batch(batch.endMark);
    return batch;
  }

  /** The batch in flight is committed: its writes can never be undone any more. */
  acknowledge(): Batch {
    const batch = this.inFlight!;
    this.inFlight = undefined;
    this.#tracked?.forget(batch.endMark);
    return batch;
  }

  /** Undoes everything that is not committed; returns the deliveries in order. */
  undo(): Delivery[] {
    const start = this.committedMark;
    const deliveries = [...(this.inFlight?.deliveries ?? []), ...this.staged.deliveries];
    this.#tracked?.undoTo(start);
    this.inFlight = undefined;
    this.staged = new Batch(start);
    return deliveries;
  }

  /** Begins anew after the state was replaced. */
  clear(): void {
    this.inFlight = undefined;
    this.staged = new Batch(this.#mark);
  }

  get #mark(): number {
    return this.#tracked === undefined ? 0 : this.#tracked.mark;
  }
}
