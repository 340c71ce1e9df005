import type { EntryId } from '../domain/entry-id.js';
import type { InputOf, StreamLike } from './stream-definition.js';

/** Which entry a message came from. */
export interface EntryInfo {
  readonly stream: string;
  readonly id: EntryId;
  /** The milliseconds of the entry's ID: the server's time of writing, unless the writer chose the ID. */
  readonly timestamp: number;
  /** 1 when the message is handled for the first time; counts this message's own failures only, across restarts. */
  readonly attempt: number;
}

/**
 * What one message stages. It commits when the handler returns (or its promise fulfils), together with the message's
 * position; when the handler throws, none of it happens. Afterwards every use throws `TransactionClosedError`.
 */
export interface Transaction<S extends object = Record<string, unknown>> {
  /**
   * The consumer's state: change it in place, as deep as you like. What you assign is copied, so change it through the
   * state from then on: `state.groups[k] ??= []; state.groups[k].push(x)`. Empty for a consumer without state.
   */
  readonly state: S;
  readonly entry: EntryInfo;
  /** Aborted when the handler is ended early: fenced, rewound, or past the deadline of `stop()`. Can be read then, too. */
  readonly signal: AbortSignal;
  /**
   * Appends a message to a stream when, and only if, this transaction commits.
   * Throws `MessageValidationError` for a message that cannot be stored or beyond 10,000 publishes or 16 MiB a
   * transaction, and `ConfigurationError` for a stream that cannot share a transaction with this consumer.
   */
  publish<D extends StreamLike>(stream: D, message: InputOf<D>): void;
  /**
   * Calls back at most once, after the commit is acknowledged, in order; a crash loses it. Errors are logged. Callbacks run
   * one after another, each after the one before has settled; messages go on meanwhile, until 10,000 callbacks wait. So one
   * that waits for later messages, as by `caughtUp()`, may wait for ever.
   */
  afterCommit(callback: () => unknown): void;
  /** Puts the state back to its defaults, as if nothing had ever been stored. */
  clearState(): void;
}
