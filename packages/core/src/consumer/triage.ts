import type { Commit } from '../store/commit.js';
import type { Batch } from '../transaction/batch.js';
import type { Delivery } from '../transaction/delivery.js';
import { giveUp, poisonError } from './dead-letters.js';
import type { Checkpoint } from './admission.js';
import type { StagedDeadLetter } from './dead-letters.js';
import type { Ending } from './endings.js';
import type { EventHub } from './events.js';
import type { ConsumerPlan } from './plan.js';
import { Retries } from './retries.js';
import { Suspicion } from './suspicion.js';
import { windowOf } from './window.js';

/** What is to be done with a message: hand it to the handler, put it back for now, or move it to the dead letters. */
export type Vetting = 'handle' | 'wait' | StagedDeadLetter;

/** What becomes of a message that failed. */
export type FailureResult = 'retry' | StagedDeadLetter | Ending;

/**
 * All that is known of messages that make trouble: `Retries` of those that fail, `Suspicion` of the one that may end the
 * process, and how many must be committed one by one because a commit was refused.
 */
export class Triage {
  readonly retries: Retries;
  readonly #plan: ConsumerPlan;
  readonly #suspicion = new Suspicion();
  #isolated = 0;

  constructor(plan: ConsumerPlan, events: EventHub, onDue: () => void) {
    this.#plan = plan;
    this.retries = new Retries(plan, events, onDue);
  }

  /** Whether messages go one by one, each after the commit of the one before. */
  get isOneByOne(): boolean {
    return this.#isolated > 0 || this.#suspicion.isActive;
  }

  /** Whether messages are read one by one, too. */
  get isCautious(): boolean {
    return this.#suspicion.isActive;
  }

  /** The stream that must be read first. */
  get suspectStream(): string | undefined {
    return this.#suspicion.isActive ? this.#suspicion.suspectStream : undefined;
  }

  /** Whether a mark must be written before the next message is handled. */
  get isMarking(): boolean {
    return this.#suspicion.isActive && this.#suspicion.needsWrite;
  }

  /** Whether a commit is worth sending although it holds no message. */
  get hasMarks(): boolean {
    return this.retries.isUnrecorded || this.#suspicion.needsWrite;
  }

  /** What the commit of a batch says about messages that make trouble. */
  marksFor(batch: Batch): Pick<Commit, 'attempt' | 'suspect'> {
    return {
      attempt: this.retries.recordWith(batch.deliveries),
      suspect: batch.size === 0 ? this.#suspicion.mark : undefined,
    };
  }

  /** Under suspicion a message is handled only once the store knows that it is about to be. */
  vet(delivery: Delivery): Vetting {
    if (!this.#suspicion.isActive || delivery.gap !== undefined || this.#suspicion.isMarked(delivery)) return 'handle';
    const casualties = this.#suspicion.casualtiesOf(delivery);
    if (casualties >= this.#plan.retry.attempts)
      return giveUp(this.#plan, delivery, poisonError(this.#plan, delivery, casualties), casualties);
    this.#suspicion.propose(delivery);
    return 'wait';
  }

  /** A message's handler has settled, one way or the other. */
  survived(): void {
    if (this.#suspicion.isActive) this.#suspicion.survived();
  }

  /** Judges a failure. */
  failed(delivery: Delivery, error: unknown, isStopping: boolean): FailureResult {
    this.survived();
    const outcome = this.retries.fail(delivery, error, isStopping);
    if (outcome.verdict === 'retry') return 'retry';
    return outcome.verdict === 'stop' ? outcome.ending : giveUp(this.#plan, delivery, error, outcome.attempts);
  }

  /** The commit of so many messages was refused as a whole: the culprit is found by committing them one by one. */
  isolate(messages: number): void {
    this.#isolated = Math.max(this.#isolated, messages);
  }

  /** Marks cannot be written now; that is not worth stopping for. */
  forgoMarks(): void {
    this.retries.forgo();
    this.#suspicion.end();
  }

  /** Nothing is left that could end the process. */
  trust(): void {
    if (this.#suspicion.isActive) this.#suspicion.end();
  }

  /** A commit was applied. */
  committed(commit: Commit, batch: Batch): void {
    this.#isolated = Math.max(0, this.#isolated - batch.size);
    this.#suspicion.recorded(commit.suspect, batch.size);
    this.retries.recorded(commit.attempt);
    this.retries.succeeded(batch.deliveries);
  }

  /** What is not committed is read again: the culprit of a refusal may not be among it. */
  readAgain(): void {
    this.#isolated = 0;
  }

  /** Continues from what a checkpoint knows. */
  restart({ attempt, suspect, cursors }: Checkpoint, isSuspicious: boolean): void {
    this.#isolated = 0;
    this.retries.restart(attempt, cursors);
    const { address, batch, concurrency } = this.#plan;
    // As many as a process can have handled, or begun to, and not committed; and long enough for each stream to have its turn.
    const commits = Math.max(2 * batch.maxMessages + windowOf(concurrency), address.streams.length);
    this.#suspicion.begin(suspect, isSuspicious ? commits : 0);
  }
}
