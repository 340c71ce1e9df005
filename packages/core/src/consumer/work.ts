import type { StateChange } from '../store/commit.js';
import { Batch } from '../transaction/batch.js';
import type { Delivery } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { StagedDeadLetter } from './dead-letters.js';
import type { StateKeeper } from './state-keeper.js';

/**
 * All handled work that is not known to be committed, in order: the batch in flight, then the staged one. Which writes
 * of the state belong to what, the `StateKeeper` knows, so that it can be undone from any point (G5) and committed up to one.
 */
export class Work {
  /** Handled since the batch in flight was sent. */
  staged: Batch = new Batch(0);
  /** Sent, answer unknown. */
  inFlight: Batch | undefined;
  readonly #states: StateKeeper;

  constructor(states: StateKeeper) {
    this.#states = states;
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
    this.staged.add(transaction);
    this.#states.add(this.staged, transaction);
  }

  /** Stages a message that was given up: it touches no state. */
  addDeadLetter(staged: StagedDeadLetter): void {
    this.staged.deadLettered.push(staged.deadLettered);
    this.staged.add(staged);
  }

  /** Turns the staged batch into the one in flight. */
  launch(): Batch {
    const batch = this.staged;
    this.inFlight = batch;
    this.staged = new Batch(batch.endMark);
    return batch;
  }

  /** The batch in flight is committed: its writes can never be undone any more. */
  acknowledge(change: StateChange | undefined): Batch {
    const batch = this.inFlight!;
    this.inFlight = undefined;
    this.#states.settle(batch, change);
    return batch;
  }

  /** Undoes everything that is not committed; returns the deliveries in order. */
  undo(): Delivery[] {
    const start = this.committedMark;
    const batches = this.inFlight === undefined ? [this.staged] : [this.inFlight, this.staged];
    this.#states.undo(batches);
    this.inFlight = undefined;
    this.staged = new Batch(start);
    return batches.flatMap(({ deliveries }) => deliveries);
  }

  /** Begins anew after the state was replaced. */
  clear(): void {
    this.inFlight = undefined;
    this.staged = new Batch(this.#states.mark);
  }
}
