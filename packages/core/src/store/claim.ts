import type { Inspection, StreamCursor } from './stored-consumer.js';

/** What a consumer's owner must show: its random value, one per claim, and the number of the latest renewal. */
export interface Token {
  readonly owner: string;
  readonly renewal: number;
}

/** Asks for ownership. */
export interface ClaimRequest {
  /** The epoch that was inspected, 0 without a record. */
  readonly expectedEpoch: number;
  /** The last epoch this process owned, 0 if none; the new epoch is above both. */
  readonly ownEpoch: number;
  /** The new owner's random value: 32 hexadecimal digits. Also the first commitId of a new record. */
  readonly owner: string;
  /** Where to begin each stream; stored for those that have no position yet. */
  readonly starts: readonly StreamCursor[];
}

/** `claimed` with what is stored as of the claim, or `conflict` when somebody else claimed or committed a claim since. */
export type ClaimAnswer =
  | { readonly outcome: 'claimed'; readonly epoch: number; readonly inspection: Inspection }
  | { readonly outcome: 'conflict' };

/** `held`: the token is still the owner's. `fenced`: another owner has the consumer. `gone`: the record is missing. */
export type RenewAnswer =
  | { readonly outcome: 'held'; readonly commitId: string }
  | { readonly outcome: 'fenced'; readonly epoch: number }
  | { readonly outcome: 'gone' };

/** Who owns a consumer, at a glance. */
export interface OwnerSight {
  /** Empty when released. */
  readonly owner: string;
  readonly epoch: number;
  /** As in `StoredRecord`. */
  readonly heartbeat: number;
}
