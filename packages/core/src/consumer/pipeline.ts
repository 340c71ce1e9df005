import { isArsError, StoppedError } from '../domain/errors.js';
import type { ArsError } from '../domain/errors.js';
import type { Token } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { AttributeSource } from '../transaction/persistable.js';
import type { StreamDefinition } from '../transaction/stream-definition.js';
import { Committer } from './committer.js';
import type { Durability } from './durability.js';
import { stateLostError, stuckError } from './endings.js';
import type { Ending, PipelineListener } from './endings.js';
import type { EventHub } from './events.js';
import { Feed } from './feed.js';
import { Intake } from './intake.js';
import type { Line } from './line.js';
import type { Claimed } from './ownership.js';
import type { ConsumerPlan } from './plan.js';
import type { Progress } from './progress.js';
import type { StateKeeper } from './state-keeper.js';
import { Triage } from './triage.js';
import { Work } from './work.js';

/** What a pipeline is made of, besides its own parts. */
export interface PipelineParts {
  readonly plan: ConsumerPlan;
  readonly events: EventHub;
  readonly progress: Progress;
  readonly listener: PipelineListener;
  readonly attributes: AttributeSource | undefined;
  readonly states: StateKeeper;
  readonly durability: Durability | undefined;
  /** Where definitions that were published to are noted. */
  readonly published: Map<string, StreamDefinition<never, unknown>>;
  /** What stands between the feed and the handler. */
  readonly lineOf: (feed: Feed) => Line;
}

/**
 * The way of a message: read ahead → handle in order → stage → commit. Each step is a plain call of the run's loop; reads,
 * commits, handlers and timers only leave their result and say `onReady`. The parts own their state: `Feed` what was
 * read, `Intake` what is with the handler, `Work` what is handled and not known to be committed, `Committer` the one
 * commit under way, `Triage` the messages that make trouble.
 *
 * 1. A message goes on only after all before it did, on the state they left (G2).
 * 2. At most one commit is under way; it holds whole messages, oldest first (G1).
 * 3. A refused commit is undone, and its messages are committed one by one until the one it was refused for is found
 *    (G5, G6).
 * 4. A message whose failure is final goes to the dead letters in its own turn, or ends the consumer there (G10).
 */
export class Pipeline {
  readonly feed: Feed;
  readonly work: Work;
  ending: Ending | undefined;
  readonly #parts: PipelineParts;
  readonly #line: Line;
  readonly #intake: Intake;
  readonly #committer: Committer;
  readonly #triage: Triage;
  #isStopping = false;

  constructor(parts: PipelineParts) {
    const { plan, events, listener, attributes, states, durability } = parts;
    const ready = (): void => listener.onReady();
    this.#parts = parts;
    this.work = new Work(states);
    this.feed = new Feed(plan, listener);
    this.#committer = new Committer(states, durability, plan.environment, ready);
    this.#triage = new Triage(plan, events, ready);
    this.#line = parts.lineOf(this.feed);
    this.#intake = new Intake({
      plan,
      events,
      attributes,
      progress: parts.progress,
      published: parts.published,
      onReady: ready,
      feed: this.feed,
      line: this.#line,
      work: this.work,
      triage: this.#triage,
      isHalted: () => this.isClosing || listener.isHeldUp(),
      isStopping: () => this.#isStopping,
      ending: () => this.ending,
      onEnding: (ending) => (this.ending = ending),
    });
  }

  /** What must be compared with the store after a doubt. */
  get remembered(): { readonly base: string; readonly pending: string | undefined } {
    return { base: this.#committer.base, pending: this.#committer.pending?.commitId };
  }

  /** Whether no new message may be handled: the consumer is stopping or ending. */
  get isClosing(): boolean {
    return this.#isStopping || this.ending !== undefined;
  }

  /** Whether nothing is left to wait for. */
  get isDone(): boolean {
    if (this.ending?.isAtOnce === true) return true;
    if (!this.isClosing || !this.work.isEmpty || this.#intake.runner.isBusy) return false;
    return !this.#triage.retries.isUnrecorded;
  }

  /** Handles nothing new from now on; a message that fails is not retried. */
  stop(): void {
    this.#isStopping = true;
    this.#triage.retries.cancel();
  }

  /** Takes up what handlers and commits have left. */
  settle(): void {
    this.#intake.settle();
    this.#settleCommit();
    if (this.#intake.runner.isStuck && !this.isDone)
      this.endAtOnce(stuckError(this.#parts.plan, this.#intake.runner.abortReason));
  }

  /**
   * Handles what has arrived, sends what is staged, reads on. What can be sent goes first: true when something was, which
   * should go out before the handlers take their time; then it is to be called again.
   */
  advance(home: ConsumerHome, token: Token): boolean {
    if (!this.#line.isEmpty && this.#sendFirst(home, token)) return true;
    this.#intake.advance();
    return this.#send(home, token) && !this.#line.isEmpty;
  }

  /** Without a backlog nothing is committed first: what is handled now can still go with it. But what is to be loaded goes. */
  #sendFirst(home: ConsumerHome, token: Token): boolean {
    if (this.feed.hasBacklog) return this.#send(home, token);
    return !this.isClosing && this.#line.prepare(home, token);
  }

  /** Commits what is staged, loads and reads ahead, where it may be done now; true when that sent something. */
  #send(home: ConsumerHome, token: Token): boolean {
    const isCommitting = this.#commitStaged(home, token);
    const isPreparing = !this.isClosing && this.#intake.prepare(home, token);
    return isCommitting || isPreparing;
  }

  #commitStaged(home: ConsumerHome, token: Token): boolean {
    if (this.work.inFlight !== undefined) return false;
    if (this.work.staged.size === 0 && !this.#hasMarksToWrite()) return false;
    const batch = this.work.launch();
    try {
      this.#committer.prepare(batch, this.#triage.marksFor(batch));
    } catch (error) {
      this.#refused(error as ArsError);
      this.#parts.listener.onReady();
      return false;
    }
    this.#committer.send(home, token);
    return true;
  }

  /** A count is written while stopping, too, so that the next owner goes on with it; a release removes the suspect's mark. */
  #hasMarksToWrite(): boolean {
    return this.#isStopping ? this.#triage.retries.isUnrecorded : this.#triage.hasMarks;
  }

  #settleCommit(): void {
    const result = this.#committer.takeResult();
    if (result === undefined) return;
    if ('error' in result) this.#commitFailed(result.error);
    else if (result.answer.outcome === 'committed' || result.answer.outcome === 'already') this.acknowledge();
    else if (result.answer.outcome === 'gone' && result.answer.what === 'state')
      this.endAtOnce(stateLostError(this.#parts.plan));
    else this.#parts.listener.onDoubt(result.answer.outcome === 'stale' ? 'stale' : 'lost');
  }

  /** The commit under way was applied. */
  acknowledge(): void {
    const commit = this.#committer.acknowledge();
    const batch = this.work.acknowledge(commit.state);
    this.#triage.committed(commit, batch);
    this.#parts.listener.onCommitted(commit, batch);
  }

  #commitFailed(error: unknown): void {
    if (isArsError(error, 'ARS_STORE_UNAVAILABLE')) this.#parts.listener.onDoubt('lost', error);
    else if (isArsError(error, 'ARS_COMMIT')) this.#refused(error);
    else this.endAtOnce(error);
  }

  /** Nothing of the batch in flight was written: undo it with all on top of it, and find the message it was. */
  #refused(error: ArsError): void {
    const { ending } = this;
    const { size, deliveries, deadLettered } = this.work.inFlight!;
    this.undoAll(error);
    this.#triage.isolate(size);
    if (size === 1 && deadLettered.length === 1) this.endAtOnce(error);
    else if (size === 1) this.#intake.refusedAlone(deliveries[0]!, error);
    if (size > 0) return;
    // It carried no message, only the count of one that failed: that is not worth stopping for.
    this.ending = ending;
    this.#triage.forgoMarks();
    this.#parts.listener.onReady();
  }

  /** Undoes whatever is not committed, ends the running handlers, and queues all these messages again in their order. */
  undoAll(reason: unknown): void {
    const unfinished = this.#intake.abort(reason);
    this.#line.putBack([...this.work.undo(), ...unfinished]);
    this.#committer.drop();
    this.ending = undefined;
  }

  /** Undoes whatever is not committed and ends the consumer with this error. */
  endAtOnce(error: unknown): void {
    this.undoAll(error);
    this.ending = { error, isAtOnce: true };
  }

  /** Sends the commit under way again: it was not applied. */
  resend(home: ConsumerHome, token: Token): void {
    if (this.#committer.pending !== undefined) this.#committer.send(home, token);
  }

  /** Undoes what is not committed and reads it again, because the server and thus its entries may be others. */
  readAgain(): void {
    this.undoAll(undefined);
    this.#triage.readAgain();
    this.#line.clear();
    this.feed.reset([...this.#parts.progress.committed.values()], this.#triage.suspectStream);
  }

  /** Continues from a checkpoint, whatever memory holds. */
  restart({ checkpoint, commitId, isSuspicious }: Claimed): void {
    const { states, progress } = this.#parts;
    this.undoAll(undefined);
    states.restart(checkpoint.values);
    this.work.clear();
    this.#committer.restart(commitId);
    this.#triage.restart(checkpoint, isSuspicious);
    progress.restart(checkpoint.cursors);
    this.#line.clear();
    this.feed.reset(checkpoint.cursors, this.#triage.suspectStream);
  }

  /** Ends it for good; what is not committed is undone. */
  close(): void {
    this.stop();
    this.undoAll(new StoppedError(`Consumer "${this.#parts.plan.address.consumerId}" has ended.`));
    this.#intake.runner.close();
    this.feed.detach();
  }
}
