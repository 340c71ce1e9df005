import type { Environment } from '../domain/environment.js';
import type { Logger } from '../domain/logger.js';
import type { Serializer } from '../state/serializer.js';
import type { StreamStore } from '../store/stream-store.js';
import type { StreamGap } from '../transaction/delivery.js';
import type { Handler } from '../transaction/handler.js';
import type { MessageOf, StreamLike } from '../transaction/stream-definition.js';
import type { Transaction } from '../transaction/transaction.js';

/** How much one commit may hold; also bounds what is read ahead. */
export interface BatchOptions {
  /** Messages. Default 1,000. */
  readonly maxMessages?: number;
  /** Bytes, of entries read or of messages published. Default 4 MiB. */
  readonly maxBytes?: number;
}

/** What becomes of a message that failed: handled again, moved to the dead letters, or the consumer ends. */
export type FailureVerdict = 'retry' | 'dead-letter' | 'stop';

/** How a failing message is handled again. */
export interface RetryOptions {
  /**
   * How often a message is handled in all before its failure is final: then it goes to `deadLetter`, or ends the
   * consumer without one. Default: for ever, and 5 with `deadLetter`.
   */
  readonly attempts?: number;
  /**
   * Decides after each failure by what was thrown; `attempt` is 1 after the first. Not asked for failures that no retry
   * can mend (a message that is invalid or cannot be stored). Default: `'retry'` until `attempts` are used up.
   */
  readonly when?: (error: unknown, attempt: number) => FailureVerdict;
  /** Delay before the first retry; doubles with each. Default 100. */
  readonly minDelayMs?: number;
  /** The longest delay. Default 30,000. */
  readonly maxDelayMs?: number;
}

/**
 * Decides on a gap: `'skip'` goes on behind it, `'fail'` ends the consumer with `StreamGapError`. It may change state
 * and publish through the transaction, which commits together with the skip. What it throws is retried like a message.
 */
export type GapHandler<S extends object> = (
  gap: StreamGap,
  transaction: Transaction<S>,
) => 'fail' | 'skip' | Promise<'fail' | 'skip'>;

/** How many keys' states stay in memory. Those in use stay in any case. */
export interface StateCacheOptions {
  /** Default 100,000. */
  readonly maxKeys?: number;
  /** Bytes, about. Default 128 MiB. */
  readonly maxBytes?: number;
}

/** How far a commit must have come before it counts, beyond being applied. */
export interface DurabilityOptions {
  /** Replicas that must have received it (WAIT). Default 0. */
  readonly replicas?: number;
  /** Whether the server must have it on disk (WAITAOF; Redis 7.2 or later with an append-only file). Default false. */
  readonly fsync?: boolean;
  /** How long one wait takes before it counts as a shortfall, in milliseconds. Default 1,000. */
  readonly timeoutMs?: number;
  /**
   * What happens on a shortfall. The commit is applied in any case. `'pause'` waits on, and commits nothing further until
   * the level is reached; `'stop'` ends the consumer with `DurabilityError`. Default `'pause'`.
   */
  readonly onShortfall?: 'pause' | 'stop';
}

/** The state of a consumer that declares none: nothing can be read from it or written to it. */
export type NoState = Record<string, never>;

/** A stream, or several. */
export type StreamChoice = StreamLike | readonly StreamLike[];

/** What a `StreamConsumer` is made of. `S` is its state; `D` its stream or streams, from which
 * the messages' type follows. */
export interface StreamConsumerOptions<S extends object = NoState, D extends StreamChoice = string> {
  /** The home: where position, state and published messages commit. */
  readonly store: StreamStore;
  /** Where the streams are read, if not in `store`. Default: `store`. */
  readonly source?: StreamStore;
  /** The stream to read, or several, by name or as defined by `defineStream`. Order holds within each stream. */
  readonly stream: D;
  /** Names the consumer for ever: its position and state are stored under it. One live owner at a time. */
  readonly consumerId: string;
  /** Called with each message and its transaction: a function, or an object with `handle` such as a `Persistable`. */
  readonly handler: Handler<MessageOf<D>, S>;
  /** The state's attributes and their defaults (or a function that returns them). Default: no state. */
  readonly state?: S | (() => S);
  /**
   * Gives each message a key, a string, number or bigint. With `state`, each key has a state of its own, which is loaded
   * when it is needed; with `concurrency`, messages of one key stay in order. Default none.
   */
  readonly key?: (message: MessageOf<D>) => string | number | bigint;
  /** How many messages are handled at once: needs `key`, or a consumer without state. Effects commit in stream order. Default 1. */
  readonly concurrency?: number;
  /** How long the state of a key outlives its last change, in milliseconds by the entries' timestamps. Default for ever. */
  readonly stateTtlMs?: number;
  readonly stateCache?: StateCacheOptions;
  /** Version of the state's meaning. A stored state of a lower one needs `migrate`, of a higher one refuses to start. Default 0. */
  readonly stateVersion?: number;
  /**
   * Turns stored attributes of a lower version into present ones, when the consumer starts. It may be called again for
   * the same stored state until a message has been committed. Not needed to add attributes: they take their defaults.
   */
  readonly migrate?: (stored: Record<string, unknown>, fromVersion: number) => Record<string, unknown>;
  /** How state values are stored. Default: strict JSON, which refuses what it would change. */
  readonly serializer?: Serializer;
  /** Serializers that stored state may still be in; it is read with them and written with `serializer`. Default: none. */
  readonly previousSerializers?: readonly Serializer[];
  /** Where to begin when no position is stored: an ID and a Date are inclusive. Default `'beginning'`. */
  readonly startFrom?: 'beginning' | 'end' | (string & {}) | Date;
  readonly batch?: BatchOptions;
  readonly retry?: RetryOptions;
  /**
   * Stream for messages whose failure is final, in the home's slot: the original fields, bytes intact, and fields that
   * begin with `ars:`. Committed together with the position. Default none: such a message ends the consumer.
   */
  readonly deadLetter?: StreamLike;
  /** What to do about entries that were trimmed or deleted before they were read. Default `'fail'`. */
  readonly onGap?: 'fail' | 'skip' | GapHandler<S>;
  /**
   * `false`: starting takes the consumer over at once and fences its owner. `true`: wait as a hot standby until the
   * owner has released it or has shown no life for `leaseMs`; `start()` resolves when standing by. Default `false`.
   */
  readonly standby?: boolean;
  /** How far a commit must have come before the next one is sent and `afterCommit` runs. Default: applied. */
  readonly durability?: DurabilityOptions;
  /** An owner shows life at least every third of this. Default 10,000. */
  readonly leaseMs?: number;
  /**
   * How long `stop()` waits for the handler in hand and for the store before it gives up on them, and a consumer that ends by
   * itself for its `afterCommit` callbacks. Default 10,000.
   */
  readonly stopTimeoutMs?: number;
  /** Hash tag of the home, for a list of streams that share none. Default: the streams' own. */
  readonly home?: string;
  /** Stops the consumer when aborted, as `stop()` does. */
  readonly signal?: AbortSignal;
  /** Default: the console, warnings and errors only. */
  readonly logger?: Logger;
  /** Time and chance, for simulations. Default: the real ones. */
  readonly environment?: Environment;
}
