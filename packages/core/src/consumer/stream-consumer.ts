import type { EntryId } from '../domain/entry-id.js';
import { ConfigurationError, isArsError } from '../domain/errors.js';
import { Persistable } from '../transaction/persistable.js';
import type { AttributeSource } from '../transaction/persistable.js';
import { backoffMs } from './backoff.js';
import { stoppedError } from './endings.js';
import { EventHub } from './events.js';
import type { ConsumerEventName, ConsumerListener } from './events.js';
import { KeyQueries } from './key-queries.js';
import type { NoState, StreamChoice, StreamConsumerOptions } from './options.js';
import { planConsumer } from './plan.js';
import type { ConsumerPlan } from './plan.js';
import { previewStart } from './preview.js';
import type { StartPreview } from './preview.js';
import type { ConsumerStats } from './progress.js';
import { ConsumerRun } from './run.js';

/**
 * Reads one or more streams in order and handles each message in a transaction: its state changes, its position and the
 * messages it publishes commit together or not at all.
 *
 * The constructor throws `ConfigurationError` for wrong options; nothing is read or connected before `start()`.
 */
export class StreamConsumer<
  S extends object = NoState,
  const D extends StreamChoice = string,
> implements AsyncDisposable {
  /**
   * Settles when processing has ended: resolves after `stop()`, rejects with what ended it otherwise. Never causes an
   * unhandled rejection by itself.
   */
  readonly closed: Promise<void>;
  readonly #plan: ConsumerPlan;
  readonly #events: EventHub;
  readonly #run: ConsumerRun;
  readonly #queries: KeyQueries;
  #starting: Promise<void> | undefined;
  #stopping: Promise<void> | undefined;
  #settleClosed!: (failure?: { readonly error: unknown }) => void;
  #hasEnded = false;

  constructor(options: StreamConsumerOptions<S, D>) {
    this.#plan = planConsumer(options);
    this.#events = new EventHub(this.#plan.logger);
    this.#run = new ConsumerRun(this.#plan, this.#events, this.#attachAttributes());
    this.#queries = new KeyQueries(this.#plan, this.#run.progress, () => this.#run.owned);
    this.closed = new Promise((resolve, reject) => {
      this.#settleClosed = (failure) => (failure === undefined ? resolve() : reject(failure.error as Error));
    });
    this.closed.catch(() => {});
    if (this.#plan.signal?.aborted === true) this.#onAbort();
    else this.#plan.signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** The option of the same name. */
  get consumerId(): string {
    return this.#plan.address.consumerId;
  }

  /**
   * The last committed state: a deep copy made at the call, so that changing it changes nothing else. The defaults
   * before the first start; an empty object for a consumer without state. Throws `ConfigurationError` for keyed state.
   */
  get state(): Readonly<S> {
    const { state, keyed } = this.#plan;
    if (keyed !== undefined) {
      throw new ConfigurationError(
        `Consumer "${this.consumerId}" has one state a key: use stateOf(key), or states() for all.`,
        { consumer: this.consumerId },
      );
    }
    return (state === undefined ? {} : state.tracked.copyAsOf(this.#run.pipeline.work.committedMark)) as S;
  }

  /**
   * The last committed state of one key, a copy; `undefined` where none is stored. Fast while this consumer runs;
   * otherwise all stored states are looked through.
   */
  stateOf(key: string | number | bigint): Promise<Readonly<S> | undefined> {
    return this.#queries.stateOf(key) as Promise<Readonly<S> | undefined>;
  }

  /**
   * Every key with its committed state, in no order, read page by page from the store over a connection of its own: of
   * use before the start and after the end, too. A key that changes meanwhile comes as of some moment, and may come twice.
   */
  states(): AsyncIterableIterator<[key: string, state: Readonly<S>]> {
    return this.#queries.states() as AsyncIterableIterator<[key: string, state: Readonly<S>]>;
  }

  /**
   * Connects, takes the consumer over (an earlier owner is fenced), restores its state and begins to process. Resolves
   * when the consumer owns its position. Rejects when the store cannot be reached within its connect timeout, or when
   * what is stored does not fit; nothing stored is changed then. Calling it twice gives the same promise. Processing
   * goes on in the background: await `closed` to learn what ends it, and set the process's exit code by that.
   */
  start(): Promise<void> {
    if (this.#starting !== undefined) return this.#starting;
    if (this.#stopping !== undefined) {
      return Promise.reject(
        new ConfigurationError(`Consumer "${this.consumerId}" was stopped; create a new one to start again.`),
      );
    }
    this.#starting = this.#start();
    return this.#starting;
  }

  /**
   * Finishes the message in hand, commits, and releases the consumer. Resolves then, or after `stopTimeoutMs` when the
   * handler or the store does not answer; what was not committed is handled again after the next start. Never rejects.
   * Do not await it inside the handler or an `afterCommit`: it waits for them.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  /**
   * Resolves when all that was in the streams at the call is committed; after a failover, what is left of it. Stays
   * pending while a message is retried; rejects when the consumer ends before.
   */
  async caughtUp(): Promise<void> {
    if (this.#starting === undefined)
      throw new ConfigurationError(`Consumer "${this.consumerId}" has not been started.`);
    await this.#starting;
    for (let hasPassed = false; !hasPassed;) {
      const tails = await this.#tails();
      if (this.#hasEnded) await this.#rejectEnded();
      hasPassed = await this.#run.caughtUp.wait(tails);
    }
  }

  /**
   * Tells what `start()` would find and what it would make of the stored state (added, removed and migrated attributes),
   * without claiming or writing anything. Rejects with what `start()` would reject with for the stored data.
   */
  previewStart(): Promise<StartPreview> {
    return previewStart(this.#plan);
  }

  /** Counts, lag and rate; the rate is over the time since the last call. */
  stats(): ConsumerStats {
    const { progress, pipeline } = this.#run;
    return progress.stats((stream) => pipeline.feed.added(stream));
  }

  /** Calls the listener with each event of that name. */
  on<E extends ConsumerEventName>(name: E, listener: ConsumerListener<E>): this {
    this.#events.on(name, listener);
    return this;
  }

  /** Ends what `on` began. */
  off<E extends ConsumerEventName>(name: E, listener: ConsumerListener<E>): this {
    this.#events.off(name, listener);
    return this;
  }

  /** Stops the consumer at the end of an `await using` block. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  readonly #onAbort = (): void => {
    void this.stop();
  };

  async #start(): Promise<void> {
    try {
      await this.#run.start();
    } catch (error) {
      this.#end({ error });
      throw error;
    }
    this.#run.process().then(
      () => this.#end(),
      (error: unknown) => this.#end({ error }),
    );
  }

  async #stop(): Promise<void> {
    this.#run.stop();
    if (this.#starting === undefined) {
      this.#end();
      return;
    }
    await new Promise<void>((resolve) => {
      const { environment, stopTimeoutMs, logger } = this.#plan;
      const cancel = environment.after(stopTimeoutMs, () => {
        this.#run.force();
        resolve();
        logger.warn(
          `Consumer "${this.consumerId}" did not stop within ${stopTimeoutMs} ms; what it had not committed is dropped.`,
        );
      });
      const finish = (): void => {
        cancel();
        resolve();
      };
      this.closed.then(finish, finish);
    });
  }

  #end(failure?: { readonly error: unknown }): void {
    this.#hasEnded = true;
    this.#plan.signal?.removeEventListener('abort', this.#onAbort);
    this.#run.caughtUp.end(failure?.error ?? stoppedError(this.consumerId));
    const isStopped = this.#stopping !== undefined && isArsError(failure?.error, 'ARS_STOPPED');
    this.#settleClosed(isStopped ? undefined : failure);
    if (failure !== undefined && !isStopped) {
      this.#plan.logger.error(
        `Consumer "${this.consumerId}" of "${this.#plan.address.scope}" has ended.`,
        failure.error,
      );
    }
  }

  async #rejectEnded(): Promise<never> {
    await this.closed;
    throw stoppedError(this.consumerId);
  }

  async #tails(): Promise<Map<string, EntryId>> {
    const { source, address, environment } = this.#plan;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const ids = await source.tail(address.streams);
        return new Map(address.streams.map((stream, index) => [stream, ids[index]!]));
      } catch (error) {
        if (!isArsError(error, 'ARS_STORE_UNAVAILABLE')) throw error;
        if (this.#hasEnded) await this.#rejectEnded();
        await new Promise<void>((resolve) => environment.after(backoffMs(attempt, 50, 1_000, environment), resolve));
      }
    }
  }

  #attachAttributes(): AttributeSource | undefined {
    const persistable = this.#plan.state?.persistable;
    if (persistable === undefined) return undefined;
    const source: AttributeSource = {
      open: undefined,
      committed: (name) => (this.state as Record<string, unknown>)[name],
    };
    Persistable.attach(persistable, source);
    return source;
  }
}
