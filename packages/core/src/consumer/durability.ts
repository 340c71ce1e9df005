import { DurabilityError, StoppedError, StoreUnavailableError } from '../domain/errors.js';
import type { Token } from '../store/claim.js';
import type { CommitAnswer } from '../store/commit.js';
import type { ConsumerHome } from '../store/stream-store.js';
import { backoffMs } from './backoff.js';
import type { DurabilityPlan } from './failure-plan.js';
import type { ConsumerPlan } from './plan.js';

/**
 * Lets a commit count only when it has reached the durability that was asked for (PROTOCOL P30). It is applied before,
 * so a shortfall undoes nothing: it holds back what follows, or ends the consumer.
 */
export class Durability {
  readonly #plan: ConsumerPlan;
  readonly #level: DurabilityPlan;
  #isGivenUp = false;

  constructor(plan: ConsumerPlan, level: DurabilityPlan) {
    this.#plan = plan;
    this.#level = level;
  }

  /** Waits for nothing any more. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /** The answer of a commit, once that has reached the level. */
  async reached(answering: Promise<CommitAnswer>, home: ConsumerHome, token: Token): Promise<CommitAnswer> {
    const answer = await answering;
    if (answer.outcome === 'committed' || answer.outcome === 'already') await this.reach(home, token);
    return answer;
  }

  /**
   * Resolves when all that was committed has reached the level. Throws `DurabilityError` where a shortfall is to stop, and
   * `StoreUnavailableError` when this owner does not hold the consumer any more: it would wait for ever.
   */
  async reach(home: ConsumerHome, token: Token): Promise<void> {
    for (let shortfalls = 0; !(await home.persist(token, this.#level));) {
      if ((await home.renew(token)).outcome !== 'held') throw this.#notHeld();
      shortfalls += 1;
      this.#fellShort(shortfalls);
      await this.#pause(shortfalls);
    }
  }

  /** Finds out whether the server can give the level at all; a shortfall now is only worth a warning. */
  async probe(home: ConsumerHome, token: Token): Promise<void> {
    if (!(await home.persist(token, this.#level))) this.#plan.logger.warn(this.#shortfall());
  }

  #notHeld(): StoreUnavailableError {
    const { consumerId: consumer } = this.#plan.address;
    const text = `Consumer "${consumer}" is not held any more, so its commits cannot become durable for it.`;
    return new StoreUnavailableError(text, { consumer, reason: 'NOT_HELD' });
  }

  #fellShort(shortfalls: number): void {
    const { consumerId: consumer, scope: stream } = this.#plan.address;
    if (this.#level.onShortfall === 'stop') throw new DurabilityError(this.#shortfall(), { consumer, stream });
    if (this.#isGivenUp) throw new StoppedError(`Consumer "${consumer}" was stopped.`, { consumer });
    if (shortfalls === 1) this.#plan.logger.warn(`${this.#shortfall()} Nothing more is committed until it does.`);
  }

  #shortfall(): string {
    const { replicas, fsync, timeoutMs } = this.#level;
    const wanted = [...(fsync ? ['the disk'] : []), ...(replicas > 0 ? [`${replicas} replica(s)`] : [])].join(' and ');
    return `A commit of consumer "${this.#plan.address.consumerId}" was applied, but did not reach ${wanted} within ${timeoutMs} ms.`;
  }

  async #pause(shortfalls: number): Promise<void> {
    const { environment } = this.#plan;
    await new Promise<void>((resolve) => environment.after(backoffMs(shortfalls, 20, 1_000, environment), resolve));
  }
}
