import { isArsError, StoppedError } from '../domain/errors.js';
import type { AttributeSource } from '../transaction/persistable.js';
import type { Commit } from '../store/commit.js';
import type { Token } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { Batch } from '../transaction/batch.js';
import { AfterCommit } from './after-commit.js';
import { CaughtUp } from './caught-up.js';
import type { EventHub } from './events.js';
import { Housekeeping } from './housekeeping.js';
import type { Claimed } from './ownership.js';
import { tellDeadLetter } from './dead-letters.js';
import { Durability } from './durability.js';
import { stoppedError } from './endings.js';
import type { PipelineListener } from './endings.js';
import { Pipeline } from './pipeline.js';
import type { ConsumerPlan } from './plan.js';
import { Progress } from './progress.js';
import type { Verdict } from './recovery.js';
import { stateKeeping } from './state-keeping.js';
import { Tenure } from './tenure.js';
import { Turns } from './turns.js';
import { Wake } from './wake.js';

/**
 * One consumer from its claim to its end. Everything happens in one loop that never overlaps itself: whoever has
 * something for it leaves a result and wakes it. The `Pipeline` moves messages, the `Tenure` holds the store. While the
 * tenure is in doubt nothing is handled or sent; then the store is asked, never guessed at (G3, G4, G8).
 */
export class ConsumerRun {
  readonly progress: Progress;
  readonly caughtUp: CaughtUp;
  readonly pipeline: Pipeline;
  readonly #plan: ConsumerPlan;
  readonly #events: EventHub;
  readonly #wake = new Wake();
  readonly #turns: Turns;
  readonly #tenure: Tenure;
  readonly #afterCommit: AfterCommit;
  readonly #housekeeping: Housekeeping;
  #isOwner = false;
  #hasEnded = false;
  #isStopping = false;
  #isForced = false;
  #endWaiting!: () => void;
  readonly #forced = new Promise<void>((resolve) => (this.#endWaiting = resolve));

  constructor(plan: ConsumerPlan, events: EventHub, attributes: AttributeSource | undefined) {
    this.#plan = plan;
    this.#events = events;
    this.progress = new Progress(plan.environment);
    this.caughtUp = new CaughtUp((stream, target) => this.#hasPassed(stream, target));
    this.#turns = new Turns(plan.environment);
    this.#afterCommit = new AfterCommit(plan, () => this.#wake.signal());
    const durability = plan.durability === undefined ? undefined : new Durability(plan, plan.durability);
    this.#tenure = new Tenure(plan, durability, () => this.#wake.signal());
    this.#housekeeping = new Housekeeping(plan, this.progress, () => this.#tenure.isDoubtful);
    const { progress } = this;
    const listener = this.#listener();
    const keeping = stateKeeping(plan, progress, {
      onLoaded: () => listener.onReady(),
      onDoubt: (error) => listener.onDoubt('lost', error),
      onFailed: (error) => {
        this.pipeline.endAtOnce(error);
        listener.onReady();
      },
    });
    const { published } = this.#housekeeping;
    this.pipeline = new Pipeline({ plan, events, progress, listener, attributes, durability, published, ...keeping });
  }

  /**
   * Claims the consumer and restores its state, or stands by for its owner; rejects when that is impossible, with nothing
   * left claimed.
   */
  async start(): Promise<void> {
    const claimed = await this.#tenure.begin();
    if (this.#isStopping) {
      await this.#tenure.end();
      throw new StoppedError(`Consumer "${this.#plan.address.consumerId}" was stopped before it had started.`);
    }
    if (claimed === undefined) this.#events.emit('standby', { consumer: this.#plan.address.consumerId });
    else this.#own(claimed);
  }

  /** Works until `stop`, or until something ends the consumer, which it then rejects with. */
  async process(): Promise<void> {
    let end: unknown = stoppedError(this.#plan.address.consumerId);
    try {
      if (await this.#awaitTurn()) await this.#loop();
      if (this.pipeline.ending !== undefined) throw this.pipeline.ending.error;
    } catch (error) {
      end = error;
      throw error;
    } finally {
      this.#hasEnded = true;
      this.pipeline.close();
      this.#plan.keyed?.states.clear(); // another owner may change them from now on
      this.caughtUp.end(end); // before callbacks are waited for: they may wait for it
      const hasReleased = await this.#tenure.end();
      await Promise.race([this.#housekeeping.close(hasReleased), this.#forced]);
      await this.#afterCommit.end(this.#forced);
    }
  }

  /** The home and token by which this process owns the consumer, if it surely does. */
  get owned(): { readonly home: ConsumerHome; readonly token: Token } | undefined {
    if (!this.#isOwner || this.#hasEnded || this.#tenure.isDoubtful) return undefined;
    return { home: this.#tenure.home, token: this.#tenure.token };
  }

  /** Lets the message in hand finish and commit, then ends `process`. */
  stop(): void {
    this.#isStopping = true;
    this.#tenure.hasten();
    this.pipeline.stop();
    this.#wake.signal();
  }

  /** Ends `process` without waiting any longer for handler, callbacks or store; what is not committed is undone. */
  force(): void {
    this.#isForced = true;
    this.#endWaiting();
    this.#tenure.giveUp();
    this.#wake.signal();
  }

  #listener(): PipelineListener {
    return {
      onReady: () => this.#wake.signal(),
      onDoubt: (kind, error) => this.#tenure.suspect(kind, error),
      onCommitted: (commit, batch) => this.#committed(commit, batch),
      onLoss: () => void this.#confirmLoss(),
      isHeldUp: () => this.#afterCommit.isFull,
      onRead: () => {
        this.caughtUp.check();
        this.#wake.signal();
      },
    };
  }

  #own(claimed: Claimed): void {
    this.#isOwner = true;
    this.pipeline.restart(claimed);
    this.pipeline.feed.attach(this.#tenure.reader);
    this.#housekeeping.begin();
    this.#events.emit('claimed', { epoch: claimed.epoch, cursors: claimed.checkpoint.cursors });
  }

  /** Waits as a standby until this is the owner; false when stopped before. */
  async #awaitTurn(): Promise<boolean> {
    if (this.#isOwner) return true;
    const claimed = await this.#tenure.takeTurn();
    if (claimed === undefined) return false;
    this.#own(claimed);
    return true;
  }

  async #loop(): Promise<void> {
    for (;;) {
      this.pipeline.settle();
      if (this.#isForced || this.pipeline.isDone) return;
      if (this.#tenure.isDoubtful) await this.#resolveDoubt();
      else await this.#advance();
      if (this.#isForced || this.pipeline.isDone) return;
      await this.#turns.giveIfDue();
      await this.#wake.wait();
    }
  }

  /** Moves messages on; what that sends goes out before the next handlers take their time, so that both sides work at once. */
  async #advance(): Promise<void> {
    const { home, token } = this.#tenure;
    while (this.pipeline.advance(home, token)) {
      await this.#turns.give();
      if (this.#isForced || this.#tenure.isDoubtful) return;
    }
  }

  #committed(commit: Commit, batch: Batch): void {
    this.progress.acknowledge(commit, batch);
    this.#tenure.prospered();
    this.#afterCommit.run(batch.callbacks);
    this.#housekeeping.committed(commit);
    for (const letter of batch.deadLettered) tellDeadLetter(letter, this.#events, this.#plan.logger);
    if (batch.size > 0 && this.#events.has('commit')) {
      const { publishes, cursors } = commit;
      this.#events.emit('commit', { messages: batch.messages, publishes: publishes.length, cursors });
    }
    this.caughtUp.check();
  }

  async #resolveDoubt(): Promise<void> {
    this.pipeline.feed.detach();
    this.progress.recoveries += 1;
    try {
      const verdict = await this.#tenure.resolve(this.pipeline.remembered);
      if (verdict !== undefined && !this.#isForced) this.#apply(verdict);
    } catch (error) {
      this.pipeline.endAtOnce(error);
      if (isArsError(error, 'ARS_FENCED')) this.#events.emit('fenced', { consumer: this.#plan.address.consumerId });
    }
    this.#wake.signal();
  }

  /** What an owner misses that was fenced, its successor may have read; then it is removed with good reason. */
  async #confirmLoss(): Promise<void> {
    if (await this.#tenure.confirm()) this.pipeline.feed.confirmLoss();
    this.#wake.signal();
  }

  #apply(verdict: Verdict): void {
    const isSameHistory = verdict.kind === 'unchanged' || (verdict.kind === 'applied' && verdict.sameHistory);
    if (verdict.kind === 'applied') this.pipeline.acknowledge();
    if (verdict.kind === 'rewound') this.#rewind(verdict.claimed);
    else if (!isSameHistory) this.pipeline.readAgain();
    if (!isSameHistory) this.caughtUp.askAgain();
    if (verdict.kind === 'unchanged') this.pipeline.resend(this.#tenure.home, this.#tenure.token);
    this.pipeline.feed.attach(this.#tenure.reader);
  }

  #rewind(claimed: Claimed): void {
    const from = [...this.progress.committed.values()];
    const to = claimed.checkpoint.cursors;
    this.pipeline.restart(claimed);
    this.progress.rewinds += 1;
    this.#housekeeping.rewound();
    this.#plan.logger.warn(
      `Consumer "${this.#plan.address.consumerId}" was rewound: the store had lost newer commits.`,
      { from, to },
    );
    this.#events.emit('rewound', { from, to });
  }

  /** While there is doubt, nobody knows what the store holds: after a failover the same IDs may name other entries. */
  #hasPassed(stream: string, target: string): boolean {
    if (this.#tenure.isDoubtful) return false;
    const committed = this.progress.committed.get(stream);
    return committed !== undefined && this.pipeline.feed.hasPassed(target, committed);
  }
}
