import type { Environment } from '../domain/environment.js';
import type { Commit } from '../store/commit.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import type { Batch } from '../transaction/batch.js';

/** Counts since the start of this consumer object, its lag and its recent rate. */
export interface ConsumerStats {
  /** Messages whose transaction is committed. */
  readonly messages: number;
  /** Commits acknowledged; several messages share one. */
  readonly commits: number;
  /** Messages published by committed transactions. */
  readonly publishes: number;
  /** Messages moved to the dead letters; they count as committed, too. */
  readonly deadLetters: number;
  /** Handler calls that failed, and messages that a commit was refused for. */
  readonly failures: number;
  /** Times the connections were opened again after a doubt. */
  readonly recoveries: number;
  /** Times the store turned out to have lost newer commits. */
  readonly rewinds: number;
  /** Entries not committed yet, by stream, as of the last read; no key for a stream that has not been read yet. */
  readonly lag: Readonly<Record<string, number>>;
  /** Messages committed a second, over the time since the last call of `stats()`. */
  readonly messagesPerSecond: number;
}

/** How far a consumer has committed, and what it has counted. */
export class Progress {
  /** The last committed cursor of each stream. */
  readonly committed: Map<string, StreamCursor> = new Map();
  failures = 0;
  recoveries = 0;
  rewinds = 0;
  #messages = 0;
  #commits = 0;
  #publishes = 0;
  #deadLetters = 0;
  readonly #environment: Environment;
  #since: { readonly at: number; readonly messages: number };

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#since = { at: environment.now(), messages: 0 };
  }

  /** Goes on from a checkpoint's positions. */
  restart(cursors: readonly StreamCursor[]): void {
    this.committed.clear();
    for (const cursor of cursors) this.committed.set(cursor.stream, cursor);
  }

  /** The commit of a batch was acknowledged. */
  acknowledge(commit: Commit, batch: Batch): void {
    for (const cursor of commit.cursors) this.committed.set(cursor.stream, cursor);
    this.#messages += batch.messages;
    this.#deadLetters += batch.deadLettered.length;
    this.#commits += 1;
    this.#publishes += commit.publishes.length;
  }

  /** The figures now; `added` tells how many entries a stream ever had. */
  stats(added: (stream: string) => number | undefined): ConsumerStats {
    const now = this.#environment.now();
    const seconds = (now - this.#since.at) / 1_000;
    const messagesPerSecond = seconds > 0 ? (this.#messages - this.#since.messages) / seconds : 0;
    this.#since = { at: now, messages: this.#messages };
    const lag: Record<string, number> = {};
    for (const { stream, read } of this.committed.values()) {
      const total = added(stream);
      if (total !== undefined) lag[stream] = Math.max(0, total - read);
    }
    const { failures, recoveries, rewinds } = this;
    return {
      messages: this.#messages, commits: this.#commits, publishes: this.#publishes, deadLetters: this.#deadLetters,
      failures, recoveries, rewinds, lag, messagesPerSecond,
    }; // prettier-ignore
  }
}
