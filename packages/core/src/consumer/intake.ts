import type { Token } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { Delivery, StreamGap } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { AttributeSource } from '../transaction/persistable.js';
import type { StreamDefinition } from '../transaction/stream-definition.js';
import { ConcurrentHandling } from './concurrent-handling.js';
import type { StagedDeadLetter } from './dead-letters.js';
import type { Ending } from './endings.js';
import type { EventHub } from './events.js';
import type { Feed } from './feed.js';
import { SequentialHandling } from './handling.js';
import type { Handling, HandlingParts } from './handling.js';
import type { Line } from './line.js';
import { MessageRunner } from './message-runner.js';
import type { ConsumerPlan } from './plan.js';
import { prepare } from './prepare.js';
import type { Progress } from './progress.js';
import type { FailureResult, Triage } from './triage.js';
import type { Work } from './work.js';

/** What an intake is made of, and what it asks of the pipeline around it. */
export interface IntakeParts {
  readonly plan: ConsumerPlan;
  readonly events: EventHub;
  readonly progress: Progress;
  readonly attributes: AttributeSource | undefined;
  /** Where definitions that were published to are noted. */
  readonly published: Map<string, StreamDefinition<never, unknown>>;
  readonly feed: Feed;
  readonly line: Line;
  readonly work: Work;
  readonly triage: Triage;
  readonly onReady: () => void;
  /** Whether no new message may be handled. */
  readonly isHalted: () => boolean;
  /** Whether the consumer is being stopped, so that a failing message is left for the next start. */
  readonly isStopping: () => boolean;
  readonly ending: () => Ending | undefined;
  readonly onEnding: (ending: Ending) => void;
}

/** The first half of the way of a message: from the line through the handler into the staged batch. */
export class Intake {
  readonly runner: MessageRunner;
  readonly #parts: IntakeParts;
  readonly #handling: Handling;
  /** The gaps that listeners know of; a refusal may bring them up again. */
  readonly #announced = new WeakSet<StreamGap>();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
    this.runner = new MessageRunner(parts.plan, parts.attributes, parts.published, parts.onReady);
    this.#handling = this.#createHandling();
  }

  /** Takes up what handlers have left. */
  settle(): void {
    this.#handling.settle();
  }

  /** Handles what has arrived, as far as may be. */
  advance(): void {
    this.#handling.advance();
  }

  /** Gets ready what the next messages need, and reads on if there is room; true when that sent what will be answered soon. */
  prepare(home: ConsumerHome, token: Token): boolean {
    const { feed, line, triage, work } = this.#parts;
    if (feed.isAtEnd && line.isEmpty && this.#handling.isEmpty && work.isEmpty) triage.trust();
    feed.isCautious = triage.isCautious;
    const isLoading = line.prepare(home, token);
    return feed.readAhead() || isLoading;
  }

  /** Ends what is running and undoes what is not staged; returns those messages in order. */
  abort(reason: unknown): Delivery[] {
    return this.#handling.abort(reason);
  }

  /** A commit was refused for this message alone, which waits at the front of the line: that is its own failure. */
  refusedAlone(delivery: Delivery, error: unknown): void {
    const result = this.#judge(delivery, error);
    if (result === 'retry') return;
    if (!('deadLettered' in result)) this.#parts.onEnding(result);
    else if (this.#parts.line.discard() === delivery) this.#stageDeadLetter(result);
  }

  #createHandling(): Handling {
    const { plan, triage, work, isHalted, ending } = this.#parts;
    const parts = this.#handlingParts();
    if (plan.concurrency === 1) return new SequentialHandling(parts);
    return new ConcurrentHandling({
      ...parts,
      concurrency: plan.concurrency,
      maxBytes: plan.batch.maxBytes,
      isOneByOne: () => triage.isOneByOne,
      mayStart: () => !isHalted(),
      mayStage: () => ending() === undefined && !work.staged.isFull(plan.batch),
      isWaiting: (delivery) => triage.retries.isWaiting(delivery),
      keyOf: (delivery) => this.#keyOf(delivery),
    });
  }

  #handlingParts(): HandlingParts {
    const { line, triage, onEnding } = this.#parts;
    return {
      runner: this.runner,
      take: () => this.#take(),
      attemptOf: (delivery) => triage.retries.attemptOf(delivery),
      judge: (delivery, error) => this.#judge(delivery, error),
      putBack: (delivery) => line.putBack([delivery]),
      onHandled: (transaction) => this.#handled(transaction),
      onDeadLetter: (staged) => this.#stageDeadLetter(staged),
      onEnding,
    };
  }

  /** The next message, if one may be handled now. */
  #take(): Delivery | undefined {
    const { line, triage } = this.#parts;
    if (!this.#mayTake() || (triage.isCautious && !this.#mayMeetNext())) return undefined;
    const delivery = line.take();
    if (delivery === undefined) this.#endAtProblem();
    else if (delivery.gap !== undefined) this.#announce(delivery.gap);
    return delivery;
  }

  /** Under suspicion no code of the user's sees a message before its mark is written; one that has its share is put aside. */
  #mayMeetNext(): boolean {
    const { line, triage } = this.#parts;
    const next = line.front();
    const vetting = next === undefined ? 'handle' : triage.vet(next);
    if (vetting === 'handle') return true;
    if (vetting !== 'wait') {
      line.discard();
      this.#stageDeadLetter(vetting);
    }
    return false;
  }

  #mayTake(): boolean {
    const { plan, triage, work, isHalted } = this.#parts;
    if (isHalted() || this.#isWaiting()) return false;
    if (triage.isOneByOne) return work.isEmpty && !triage.isMarking;
    return !work.staged.isFull(plan.batch);
  }

  /** One after another, all wait for a message that failed; side by side, those behind it do if it came back to the line. */
  #isWaiting(): boolean {
    const { plan, triage, line } = this.#parts;
    if (plan.concurrency === 1) return triage.retries.isAnyWaiting;
    const next = line.peek();
    return next !== undefined && triage.retries.isWaiting(next);
  }

  #handled(transaction: MessageTransaction): void {
    this.#parts.triage.survived();
    this.#parts.work.add(transaction);
  }

  /** A message's own failure: it is handled again later, moved to the dead letters, or ends the consumer. */
  #judge(delivery: Delivery, error: unknown): FailureResult {
    this.#parts.progress.failures += 1;
    return this.#parts.triage.failed(delivery, error, this.#parts.isStopping());
  }

  #stageDeadLetter(staged: StagedDeadLetter): void {
    this.#parts.line.release(staged.delivery);
    this.#parts.work.addDeadLetter(staged);
  }

  /** All before it was handed over: what could not be read ends the consumer now. */
  #endAtProblem(): void {
    const { feed, line, onEnding } = this.#parts;
    if (feed.problem !== undefined && line.isEmpty && this.#handling.isEmpty)
      onEnding({ error: feed.problem, isAtOnce: false });
  }

  #keyOf(delivery: Delivery): string | undefined {
    const { plan } = this.#parts;
    if (plan.keyOf === undefined || delivery.gap !== undefined) return undefined;
    delivery.prepared ??= prepare(plan, delivery);
    return delivery.prepared.key;
  }

  #announce(gap: StreamGap): void {
    if (!this.#announced.has(gap)) this.#parts.events.emit('gap', gap);
    this.#announced.add(gap);
  }
}
