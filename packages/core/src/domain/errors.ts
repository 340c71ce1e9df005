/** What an error of this library is about; texts never hold message bodies, state or credentials. */
export interface ErrorDetails {
  /** The stream concerned. */
  readonly stream?: string;
  /** The `consumerId` concerned. */
  readonly consumer?: string;
  /** The ID of the entry concerned. */
  readonly entry?: string;
  /** Anything else worth knowing, by name: counts, ranges, option names. */
  readonly [name: string]: unknown;
}

/** The stable codes of this library's errors; `docs/errors.md` says what each means and what to do. */
export type ArsErrorCode =
  | 'ARS_FENCED'
  | 'ARS_STATE_SCHEMA'
  | 'ARS_STATE_OWNERSHIP'
  | 'ARS_STATE_LOST'
  | 'ARS_SERIALIZATION'
  | 'ARS_STREAM_GAP'
  | 'ARS_STREAM_REGRESSED'
  | 'ARS_TRANSACTION_CLOSED'
  | 'ARS_MESSAGE_VALIDATION'
  | 'ARS_COMMIT'
  | 'ARS_TORN_COMMIT'
  | 'ARS_STORE_UNAVAILABLE'
  | 'ARS_CONFIGURATION'
  | 'ARS_DURABILITY'
  | 'ARS_HANDLER'
  | 'ARS_STOPPED';

const BRAND = Symbol.for('@ars/error');

/** What every error of this library is: a failure with a stable `code`, `details`, and the `cause` where there is one. */
export abstract class ArsError extends Error {
  /** Stable across versions; test this, not the text. */
  abstract readonly code: ArsErrorCode;
  readonly details: ErrorDetails;

  static {
    Object.defineProperty(this.prototype, BRAND, { value: true });
  }

  constructor(message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.details = details;
  }
}

/**
 * Tells whether a value is an error of this library, also across duplicate installations of it.
 * With a code, tells whether it is that error.
 */
export function isArsError(error: unknown, code?: ArsErrorCode): error is ArsError {
  if (typeof error !== 'object' || error === null || (error as Record<symbol, unknown>)[BRAND] !== true) return false;
  return code === undefined || (error as ArsError).code === code;
}

/**
 * The same error with more details, for one that was thrown where its stream, consumer or entry were not known. A
 * stream that it was about itself, such as one published to, becomes `details.target`.
 */
export function withDetails(error: ArsError, where: string, details: ErrorDetails): ArsError {
  const Same = error.constructor as new (message: string, details: ErrorDetails, cause?: unknown) => ArsError;
  const target = error.details.stream;
  const named = target === undefined || target === details.stream ? {} : { target };
  return new Same(`${error.message} (${where})`, { ...error.details, ...named, ...details }, error.cause);
}

/** Another owner took the consumer over. This process must not go on with it; nothing of its later work was stored. */
export class FencedError extends ArsError {
  readonly code = 'ARS_FENCED';
}

/** Stored state does not fit the code's: an attribute removed, of another kind, or of another version or layout. */
export class StateSchemaError extends ArsError {
  readonly code = 'ARS_STATE_SCHEMA';
}

/** The stored state belongs to another consumer: two consumers use one `uniqueId`. */
export class StateOwnershipError extends ArsError {
  readonly code = 'ARS_STATE_OWNERSHIP';
}

/** A consumer's record or state vanished (evicted, deleted, or restored in part) while the rest of it exists. */
export class StateLostError extends ArsError {
  readonly code = 'ARS_STATE_LOST';
}

/** A value cannot be serialized without changing it, or stored bytes cannot be read. The text names the path. */
export class SerializationError extends ArsError {
  readonly code = 'ARS_SERIALIZATION';
}

/** Entries were trimmed or deleted before the consumer read them; `details.lost` says how many. */
export class StreamGapError extends ArsError {
  readonly code = 'ARS_STREAM_GAP';
}

/** A stream is behind what the consumer has read of it: deleted and recreated, flushed, or an older copy restored. */
export class StreamRegressedError extends ArsError {
  readonly code = 'ARS_STREAM_REGRESSED';
}

/** A transaction, or a part of its state, was used after its handler had settled. */
export class TransactionClosedError extends ArsError {
  readonly code = 'ARS_TRANSACTION_CLOSED';
}

/** A message cannot be decoded, is invalid, or is over a bound. */
export class MessageValidationError extends ArsError {
  readonly code = 'ARS_MESSAGE_VALIDATION';
}

/**
 * The store refused a commit for what it holds or touches: a key of the wrong type, a right that is missing,
 * a stream without IDs left. Nothing of it remains.
 */
export class CommitError extends ArsError {
  readonly code = 'ARS_COMMIT';
}

/**
 * The store failed in the middle of a commit and could not take back what it had written: entries may be in the streams
 * that the commit publishes to although position and state were not stored. Sending it again would publish them twice.
 */
export class TornCommitError extends ArsError {
  readonly code = 'ARS_TORN_COMMIT';
}

/**
 * The store cannot be reached, or cannot serve now (loading, out of memory, read-only replica, cluster down).
 * A consumer retries by itself; a producer rejects with it. `details.ran` is `false` where nothing was executed
 * for certain and `'unknown'` where a reply was lost. `details.reason` is `CONNECTION` or `TIMEOUT` when there was no
 * answer, `CLOSED` when this process has closed the store (which ends a consumer), otherwise the server's word for not serving now, such as `LOADING` or `OOM`.
 */
export class StoreUnavailableError extends ArsError {
  readonly code = 'ARS_STORE_UNAVAILABLE';
}

/** An option, a declaration or a call is wrong; the text names it and says what is expected. */
export class ConfigurationError extends ArsError {
  readonly code = 'ARS_CONFIGURATION';
}

/** A commit was applied, but did not reach the durability that was asked for in time. */
export class DurabilityError extends ArsError {
  readonly code = 'ARS_DURABILITY';
}

/** The handler failed and is not retried any more; `cause` is what it threw. */
export class HandlerError extends ArsError {
  readonly code = 'ARS_HANDLER';
}

/** The consumer was stopped before what was asked for could happen. */
export class StoppedError extends ArsError {
  readonly code = 'ARS_STOPPED';
}
