import type { StoredFields, StoredValue } from '../domain/fields.js';
import type { FailedAttempt, StreamCursor } from './stored-consumer.js';

/** What one commit writes: all of it, or nothing. */
export interface Commit {
  /** Names this content for ever; sending the same commit again is always safe. */
  readonly commitId: string;
  /** The commitId that this one was computed on. */
  readonly base: string;
  /** The cursors that moved. */
  readonly cursors: readonly StreamCursor[];
  /** Changed attributes; `undefined` when none changed. */
  readonly state: StateChange | undefined;
  /** New entries, appended in this order. */
  readonly publishes: readonly Publish[];
  /** The failing message to keep on record; `undefined` removes what is there. */
  readonly attempt: FailedAttempt | undefined;
  /** The message that is about to be handled under suspicion; `undefined` removes what is there. */
  readonly suspect: FailedAttempt | undefined;
}

/** Attributes to write and to delete; of keyed state, an attribute is the whole state of one key. */
export interface StateChange {
  /** What is kept beside the attributes; `undefined` leaves it as it is. Always given in the first commit after a claim. */
  readonly header: StateHeader | undefined;
  readonly set: readonly (readonly [attribute: string, value: StoredValue])[];
  readonly deleted: readonly string[];
}

/** How stored state is to be understood: its version, its serializer (kept in the record), and what the code declares. */
export interface StateHeader {
  readonly version: number;
  readonly serializer: string;
  readonly declared: readonly string[];
}

/** One entry to append to a stream; the store gives it its ID. */
export interface Publish {
  readonly stream: string;
  readonly fields: StoredFields;
}

/**
 * The truth about one commit:
 * `committed` – applied now; `already` – this very commitId is the last one applied (the earlier answer was lost);
 * `fenced` – another token owns the consumer; `stale` – the stored commitId is neither this one nor its base, or the
 * streams are behind its positions: the store was rewound; `gone` – the record, or the state it wrote, is missing.
 * In all but the first two nothing is written. Rejections leave nothing behind either: `CommitError` when the content
 * is refused (a target of the wrong type, a missing right, no IDs left), `StoreUnavailableError` when the store cannot
 * serve or the answer was lost (then it may have been applied: renew, and send it again). A `TornCommitError` is the one
 * exception, and ends the consumer: something may be left that the store could not take back.
 */
export type CommitAnswer =
  | { readonly outcome: 'committed' }
  | { readonly outcome: 'already' }
  | { readonly outcome: 'fenced' }
  | { readonly outcome: 'stale' }
  | { readonly outcome: 'gone'; readonly what: 'record' | 'state' };
