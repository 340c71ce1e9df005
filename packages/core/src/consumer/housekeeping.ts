import { RetentionKeeper } from '../care/retention-keeper.js';
import { auditOnce } from '../care/store-audit.js';
import type { Commit } from '../store/commit.js';
import type { StreamDefinition, StreamLike } from '../transaction/stream-definition.js';
import type { ConsumerPlan } from './plan.js';
import type { Progress } from './progress.js';

/** How often a consumer that reads elsewhere tells its source how far it has come, if it has come further. */
const REPORT_MS = 1_000;
/** How often it does so at least. */
const REPEAT_MS = 5_000;

/**
 * What a consumer does for its streams besides its messages, in the background and without any weight in its commits:
 * trims those whose definition says so, tells a foreign source how far it has come, and has the stores looked at once.
 *
 * A source cannot tell an owner from one that was fenced: it takes whatever position it is told last. One that is too high
 * would let entries be trimmed that the present owner has not read (G7). So nothing is told in doubt, nor at the end by who
 * did not release; what is told goes out one after another, so that an older position never lands behind a newer one; and
 * an owner repeats its position, which mends what a fenced one had under way.
 */
export class Housekeeping {
  /** The definitions that handlers have published to, by stream name. */
  readonly published: Map<string, StreamDefinition<never, unknown>> = new Map();
  readonly #plan: ConsumerPlan;
  readonly #progress: Progress;
  readonly #isInDoubt: () => boolean;
  readonly #keepers: readonly RetentionKeeper[];
  #cancelReport: (() => void) | undefined;
  /** Settles when nothing is being told, nor waits to be. */
  #told: Promise<void> = Promise.resolve();
  #toldAt = 0;
  #isTellingNext = false;
  #hasNews = false;
  #isClosed = false;

  /** `isInDoubt` tells whether nobody knows at present who owns the consumer, and what its store holds. */
  constructor(plan: ConsumerPlan, progress: Progress, isInDoubt: () => boolean) {
    this.#plan = plan;
    this.#progress = progress;
    this.#isInDoubt = isInDoubt;
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
    if (!this.#plan.address.readsHere) this.#tell();
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

  /** Does at once what is due, and ends. An owner that did not release may have lost commits, and be another's predecessor. */
  async close(hasReleased: boolean): Promise<void> {
    this.#isClosed = true;
    this.#cancelReport?.();
    await this.#told;
    const { readsHere } = this.#plan.address;
    if (!readsHere && hasReleased && this.#hasNews && this.#progress.committed.size > 0) await this.#register();
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
    const { environment } = this.#plan;
    if (this.#hasNews || environment.now() - this.#toldAt >= REPEAT_MS) this.#tell();
    this.#cancelReport = environment.after(REPORT_MS, () => this.#report());
  }

  /** Tells the position of when it is told: one that waits behind another call stands for all that come meanwhile. */
  #tell(): void {
    if (this.#isTellingNext) return;
    this.#isTellingNext = true;
    this.#told = this.#told.then(async () => {
      this.#isTellingNext = false;
      if (!this.#isClosed && !this.#isInDoubt()) await this.#register();
    });
  }

  async #register(): Promise<void> {
    const { source, address, logger, environment } = this.#plan;
    this.#hasNews = false;
    this.#toldAt = environment.now();
    try {
      const cursors = [...this.#progress.committed.values()].filter(({ stream }) => address.streams.includes(stream));
      await source.register(address, cursors);
    } catch (error) {
      this.#hasNews = true;
      logger.debug(`Consumer "${address.consumerId}" could not tell ${source.name} how far it has come.`, error);
    }
  }
}
