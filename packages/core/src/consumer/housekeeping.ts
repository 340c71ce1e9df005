import { RetentionKeeper } from '../care/retention-keeper.js';
import { auditOnce } from '../care/store-audit.js';
import type { Commit } from '../store/commit.js';
import type { StreamDefinition, StreamLike } from '../transaction/stream-definition.js';
import type { ConsumerPlan } from './plan.js';
import type { Progress } from './progress.js';

/** How often a consumer that reads elsewhere tells its source how far it has come. */
const REPORT_MS = 1_000;

/**
 * What a consumer does for its streams besides its messages, in the background and without any weight in its commits:
 * trims those whose definition says so, tells a foreign source how far it has come, and has the stores looked at once.
 */
export class Housekeeping {
  /** The definitions that handlers have published to, by stream name. */
  readonly published: Map<string, StreamDefinition<never, unknown>> = new Map();
  readonly #plan: ConsumerPlan;
  readonly #progress: Progress;
  readonly #keepers: readonly RetentionKeeper[];
  #cancelReport: (() => void) | undefined;
  #reporting: Promise<void> | undefined;
  #hasNews = false;
  #isClosed = false;

  constructor(plan: ConsumerPlan, progress: Progress) {
    this.#plan = plan;
    this.#progress = progress;
    const { store, source, environment, logger } = plan;
    this.#keepers = Array.from(
      new Set([source, store]),
      (one) => new RetentionKeeper({ store: one, environment, logger }),
    );
    if (plan.deadLetter !== undefined) this.#remember(plan.deadLetter);
  }

  /** The consumer owns its position. */
  begin(): void {
    const { store, source, logger, address } = this.#plan;
    auditOnce(store, logger);
    if (source !== store) auditOnce(source, logger);
    this.#noteStreams();
    if (!address.readsHere) {
      this.#hasNews = true;
      this.#report();
    }
  }

  /** The home turned out to have lost commits: a source must hear of the lower position. */
  rewound(): void {
    this.#hasNews = true;
    if (!this.#plan.address.readsHere) this.#reporting = this.#register();
  }

  /** A commit was acknowledged. */
  committed(commit: Commit): void {
    this.#hasNews = true;
    this.#noteStreams();
    if (this.published.size === 0) return;
    for (const name of new Set(commit.publishes.map(({ stream }) => stream))) {
      const definition = this.published.get(name);
      if (definition !== undefined) this.#keepers.at(-1)!.note(definition);
    }
  }

  /** Does at once what is due, and ends. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelReport?.();
    await this.#reporting;
    if (!this.#plan.address.readsHere && this.#hasNews && this.#progress.committed.size > 0) await this.#register();
    await Promise.all(this.#keepers.map((keeper) => keeper.close()));
  }

  #remember(stream: StreamLike): void {
    if (typeof stream !== 'string' && stream.retention !== undefined) this.published.set(stream.name, stream);
  }

  #noteStreams(): void {
    for (const stream of this.#plan.keptStreams) this.#keepers[0]!.note(stream);
  }

  /** A low position is safe, so it may come late; it holds back trimming at the source from the start. */
  #report(): void {
    if (this.#hasNews) this.#reporting = this.#register();
    if (!this.#isClosed) this.#cancelReport = this.#plan.environment.after(REPORT_MS, () => this.#report());
  }

  async #register(): Promise<void> {
    const { source, address, logger } = this.#plan;
    this.#hasNews = false;
    try {
      const cursors = [...this.#progress.committed.values()].filter(({ stream }) => address.streams.includes(stream));
      await source.register(address, cursors);
    } catch (error) {
      this.#hasNews = true;
      logger.debug(`Consumer "${address.consumerId}" could not tell ${source.name} how far it has come.`, error);
    }
  }
}
