import { isArsError, StoppedError } from '../domain/errors.js';
import type { ArsError } from '../domain/errors.js';
import type { Token } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { Delivery } from '../transaction/delivery.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { AttributeSource } from '../transaction/persistable.js';
import { Committer } from './committer.js';
import { gapOf, stateLostError, stuckError } from './endings.js';
import type { Ending, PipelineListener } from './endings.js';
import type { EventHub } from './events.js';
import { Feed } from './feed.js';
import { MessageRunner } from './message-runner.js';
import type { Claimed } from './ownership.js';
import type { ConsumerPlan } from './plan.js';
import type { Progress } from './progress.js';
import { Retries } from './retries.js';
import { Work } from './work.js';

/**
 * The way of a message: read ahead → handle in order → stage → commit. Each step is a plain call of the run's loop; reads,
 * commits, handlers and timers only leave their result and say `onReady`. The parts own their state: `Feed` what was
 * read, `MessageRunner` the running handler, `Work` what is handled and not known to be committed, `Committer` the one
 * commit under way, `Retries` the message that is failing.
 *
 * 1. A message is handled only after all before it were handled, on the state they left (G2).
 * 2. At most one commit is under way; it holds whole messages, oldest first (G1).
 * 3. A refused commit is undone, and its messages are committed one by one until the one it was refused for is found
 *    (G5, G6).
 */
export class Pipeline {
  readonly feed: Feed;
  readonly work: Work;
  ending: Ending | undefined;
  readonly #plan: ConsumerPlan;
  readonly #events: EventHub;
  readonly #progress: Progress;
  readonly #listener: PipelineListener;
  readonly #runner: MessageRunner;
  readonly #committer: Committer;
  readonly #retries: Retries;
  /** Messages still to be committed one by one after a refusal. */
  #isolated = 0;
  /** The gap that listeners know of; a refusal before it is reached may bring it up again. */
  #announced: unknown;
  #isStopping = false;

  constructor(
    plan: ConsumerPlan,
    events: EventHub,
    progress: Progress,
    listener: PipelineListener,
    attributes: AttributeSource | undefined,
  ) {
    const ready = (): void => listener.onReady();
    this.#plan = plan;
    this.#events = events;
    this.#progress = progress;
    this.#listener = listener;
    this.work = new Work(plan.state?.tracked);
    this.feed = new Feed(plan, listener);
    this.#runner = new MessageRunner(plan, attributes, ready);
    this.#committer = new Committer(plan.state, plan.environment, ready);
    this.#retries = new Retries(plan, events, ready);
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
    if (!this.isClosing || !this.work.isEmpty || this.#runner.isBusy) return false;
    return this.#isStopping || !this.#retries.isUnrecorded;
  }

  /** Handles nothing new from now on; a message that fails is not retried. */
  stop(): void {
    this.#isStopping = true;
    this.#retries.cancel();
  }

  /** Takes up what handlers and commits have left. */
  settle(): void {
    const transaction = this.#runner.takeSettled();
    if (transaction !== undefined) this.#settleMessage(transaction);
    this.#settleCommit();
    if (this.#runner.isStuck && !this.isDone) this.endAtOnce(stuckError(this.#plan, this.#runner.abortReason));
  }

  /** Handles what has arrived, sends what is staged, and goes on handling while that is under way. */
  advance(home: ConsumerHome, token: Token): void {
    this.#handleArrived();
    this.#commitStaged(home, token);
    if (!this.isClosing) this.feed.readAhead();
    this.#handleArrived();
  }

  /** Handles one message after another, each on the state that the one before left. */
  #handleArrived(): void {
    while (this.#mayHandle()) {
      const delivery = this.feed.take();
      if (delivery === undefined) {
        if (this.feed.problem !== undefined) this.#endWithProblem(this.feed.problem);
        return;
      }
      const transaction = this.#runner.run(delivery, this.#retries.attemptOf(delivery));
      if (transaction === undefined) return;
      this.#settleMessage(transaction);
    }
  }

  #mayHandle(): boolean {
    if (this.isClosing || this.#runner.isBusy || this.#retries.isWaiting) return false;
    if (this.#isolated > 0) return this.work.isEmpty;
    return !this.work.staged.isFull(this.#plan.batch);
  }

  #settleMessage(transaction: MessageTransaction): void {
    if (transaction.hasFailed) {
      this.work.drop(transaction);
      this.#failed(transaction.delivery, transaction.failure);
    } else {
      this.work.add(transaction);
    }
  }

  /** A message's own failure: it is handled again later, or ends the consumer once all before it is committed. */
  #failed(delivery: Delivery, error: unknown): void {
    this.feed.putBack([delivery]);
    this.#progress.failures += 1;
    this.ending = this.#retries.fail(delivery, error, this.#isStopping);
  }

  #commitStaged(home: ConsumerHome, token: Token): void {
    if (this.work.inFlight !== undefined) return;
    if (this.work.staged.size === 0 && (this.#isStopping || !this.#retries.isUnrecorded)) return;
    const batch = this.work.launch();
    try {
      this.#committer.prepare(batch, this.#retries.recordWith(batch.deliveries));
    } catch (error) {
      this.#refused(error as ArsError);
      this.#listener.onReady();
      return;
    }
    this.#committer.send(home, token);
  }

  #settleCommit(): void {
    const result = this.#committer.takeResult();
    if (result === undefined) return;
    if ('error' in result) this.#commitFailed(result.error);
    else if (result.answer.outcome === 'committed' || result.answer.outcome === 'already') this.acknowledge();
    else if (result.answer.outcome === 'gone' && result.answer.what === 'state')
      this.endAtOnce(stateLostError(this.#plan));
    else this.#listener.onDoubt(result.answer.outcome === 'stale' ? 'stale' : 'lost');
  }

  /** The commit under way was applied. */
  acknowledge(): void {
    const batch = this.work.acknowledge();
    const commit = this.#committer.acknowledge();
    this.#isolated = Math.max(0, this.#isolated - batch.size);
    this.#retries.recorded(commit.attempt);
    this.#retries.succeeded(batch.deliveries);
    this.#listener.onCommitted(commit, batch);
  }

  #commitFailed(error: unknown): void {
    if (isArsError(error, 'ARS_STORE_UNAVAILABLE')) this.#listener.onDoubt('lost', error);
    else if (isArsError(error, 'ARS_COMMIT')) this.#refused(error);
    else this.endAtOnce(error);
  }

  /** Nothing of the batch in flight was written: undo it with all on top of it, and find the message it was. */
  #refused(error: ArsError): void {
    const { ending } = this;
    const size = this.work.inFlight!.size;
    this.undoAll(error);
    this.#isolated = Math.max(this.#isolated, size);
    if (size === 1) this.#failed(this.feed.take()!, error);
    if (size > 0) return;
    // It carried no message, only the count of one that failed: that is not worth stopping for.
    this.ending = ending;
    this.#retries.forgo();
    this.#listener.onReady();
  }

  /** Undoes whatever is not committed, ends the running handler, and queues all these messages again in their order. */
  undoAll(reason: unknown): void {
    const running = this.#runner.abort(reason);
    const deliveries = this.work.undo();
    if (running !== undefined) deliveries.push(running);
    this.feed.putBack(deliveries);
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
    this.#isolated = 0;
    this.feed.reset([...this.#progress.committed.values()]);
  }

  /** Continues from a checkpoint, whatever memory holds. */
  restart({ checkpoint, commitId }: Claimed): void {
    this.undoAll(undefined);
    this.#plan.state?.tracked.restore(checkpoint.values.values);
    this.work.clear();
    this.#committer.restart(commitId, checkpoint.values);
    this.#retries.restart(checkpoint.attempt);
    this.#isolated = 0;
    this.#progress.restart(checkpoint.cursors);
    this.feed.reset(checkpoint.cursors);
  }

  /** Ends it for good; what is not committed is undone. */
  close(): void {
    this.stop();
    this.undoAll(new StoppedError(`Consumer "${this.#plan.address.consumerId}" has ended.`));
    this.#runner.close();
    this.feed.detach();
  }

  #endWithProblem(problem: unknown): void {
    this.ending = { error: problem, isAtOnce: false };
    const gap = gapOf(problem, this.#progress);
    if (gap !== undefined && this.#announced !== problem) this.#events.emit('gap', gap);
    this.#announced = problem;
  }
}
