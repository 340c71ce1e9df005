import { BEGINNING, compareIds, type EntryId, type StreamCursor } from '@ars/core';

/** What a stream tells of itself in one snapshot, named A, L, F, G and X in PROTOCOL P20. */
export interface StreamFacts {
  /** A: entries ever added, deleted and trimmed ones too. */
  readonly added: number;
  /** L: entries there are. */
  readonly length: number;
  /** F: ID of the first entry there is, `0-0` without entries. */
  readonly firstId: EntryId;
  /** G: the last ID ever generated. */
  readonly lastId: EntryId;
  /** X: the largest ID ever deleted; trimming does not move it. */
  readonly maxDeletedId: EntryId;
}

/** What a stream holds at and after a cursor's position, in the same snapshot. */
export interface PositionFacts {
  /** Whether the entry at the position exists. */
  readonly isPresent: boolean;
  /** How many entries follow the position. */
  readonly entriesAfter: number;
}

/** How many entries after a cursor vanished unread, or that the stream is behind the cursor (then 0 are lost). */
export interface LossAccount {
  readonly lost: number;
  readonly regressed: boolean;
}

/** What a missing stream tells of itself (P20, rule 1). */
export const MISSING_STREAM: StreamFacts = {
  added: 0,
  length: 0,
  firstId: BEGINNING,
  lastId: BEGINNING,
  maxDeletedId: BEGINNING,
};

const REGRESSED: LossAccount = { lost: 0, regressed: true };
const NOTHING_LOST: LossAccount = { lost: 0, regressed: false };

/**
 * The account of what a reader missed (PROTOCOL P20, rules 1 to 4), which keeps G7: every entry after the start is
 * either read or counted as lost, once. The caller goes on with `read` raised by `lost` and by the entries it reads.
 *
 * Its limits are the rule's: a stream recreated with the same IDs looks like the old one, and one that was recreated
 * and then trimmed gives a wrong number.
 */
export function accountForLoss(cursor: StreamCursor, stream: StreamFacts, position: PositionFacts): LossAccount {
  if (compareIds(cursor.position, stream.lastId) > 0 || stream.added < cursor.read) return REGRESSED;
  const isReadPrefixGone = stream.length === 0 || compareIds(stream.firstId, cursor.position) > 0;
  if (!isReadPrefixGone) {
    const deletedAfter = compareIds(stream.maxDeletedId, cursor.position);
    if (position.isPresent && deletedAfter <= 0) return NOTHING_LOST;
    if (!position.isPresent && deletedAfter < 0) return REGRESSED;
  }
  const remaining = isReadPrefixGone ? stream.length : position.entriesAfter;
  const lost = stream.added - cursor.read - remaining;
  return lost < 0 ? REGRESSED : { lost, regressed: false };
}
