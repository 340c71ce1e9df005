import { compareIds, type EntryId, type StreamCursor } from '@ars/core';
import { Unpacker } from '../packing/unpack.js';

/** What the read script found of one stream at one moment; see `READ`. */
export interface StreamFacts {
  readonly added: number;
  readonly length: number;
  readonly lastId: EntryId;
  readonly firstId: EntryId;
  /** The largest ID that XDEL ever removed; trimming does not move it. */
  readonly deletedId: EntryId;
  readonly verdict: 'after' | 'whole' | 'unchanged' | 'regressed';
  /** How many entries lie after the position; meaningful with the verdict `after` only. */
  readonly after: number;
}

/** How many entries vanished unread, or that the stream is not the one that was read. `unclear`: look again, see `settleRead`. */
export type Account = { readonly lost: number } | 'regressed' | 'unclear';

/** Reads the facts that a script packed. */
export function decodeFacts(packed: Buffer): StreamFacts {
  const unpacker = new Unpacker(packed);
  unpacker.array();
  return {
    added: unpacker.number(),
    length: unpacker.number(),
    lastId: unpacker.text(),
    firstId: unpacker.text(),
    deletedId: unpacker.text(),
    verdict: unpacker.text() as StreamFacts['verdict'],
    after: unpacker.number(),
  };
}

/** The account of a cursor by facts taken at one moment with what was read after it, or with nothing read (P20). */
export function settle(cursor: StreamCursor, facts: StreamFacts): Exclude<Account, 'unclear'> {
  if (facts.verdict === 'regressed' || facts.added < cursor.read) return 'regressed';
  if (facts.verdict !== 'after') return { lost: 0 };
  const lost = facts.added - cursor.read - facts.after;
  return lost < 0 ? 'regressed' : { lost };
}

/**
 * The account of a cursor by facts taken some time after entries were read behind it, as after a blocking read. What
 * was read may be gone since, which is no loss. Trimming takes the oldest first, so the entries read below the first
 * one left are those that are gone; but where XDEL took something behind the cursor, only counting from the last
 * entry read can tell: `unclear`.
 */
export function settleRead(cursor: StreamCursor, facts: StreamFacts, ids: readonly EntryId[]): Account {
  if (ids.length === 0 || facts.verdict !== 'after') return settle(cursor, facts);
  if (facts.added < cursor.read) return 'regressed';
  if (compareIds(facts.deletedId, cursor.position) > 0) return 'unclear';
  const isTrimmed = facts.length === 0 || compareIds(facts.firstId, cursor.position) > 0;
  if (!isTrimmed) return 'unclear';
  const left = facts.length === 0 ? 0 : ids.filter((id) => compareIds(id, facts.firstId) >= 0).length;
  const lost = facts.added - cursor.read - (ids.length - left) - facts.length;
  return lost < 0 ? 'regressed' : { lost };
}
