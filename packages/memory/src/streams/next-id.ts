import type { EntryId } from '@ars/core';

const PART_MAX = '18446744073709551615';
/** Decimal numbers of so many digits are exact as doubles, also after adding one. */
const SAFE_DIGITS = 15;

/** The number after a decimal one, as decimal text. */
function increment(decimal: string): string {
  return decimal.length <= SAFE_DIGITS ? String(Number(decimal) + 1) : String(BigInt(decimal) + 1n);
}

/** Whether the clock is past the milliseconds of an ID. */
function isPast(nowMs: number, ms: string): boolean {
  return ms.length <= SAFE_DIGITS ? nowMs > Number(ms) : BigInt(nowMs) > BigInt(ms);
}

/**
 * The ID that a server gives to a new entry (https://redis.io/docs/latest/commands/xadd/): the clock's milliseconds
 * with sequence 0, or the one after the last ID where the clock has not passed that, because it stands, was set back,
 * or an explicit ID lies in the future.
 * @returns `undefined` when the last ID is the largest of all
 */
export function nextId(lastId: EntryId, nowMs: number): EntryId | undefined {
  const wholeMs = Math.trunc(nowMs);
  const dash = lastId.indexOf('-');
  const ms = lastId.slice(0, dash);
  if (isPast(wholeMs, ms)) return `${wholeMs}-0`;
  const sequence = lastId.slice(dash + 1);
  if (sequence !== PART_MAX) return `${ms}-${increment(sequence)}`;
  return ms === PART_MAX ? undefined : `${increment(ms)}-0`;
}

/**
 * Whether a stream is so near the end of its IDs that a commit is refused: its last ID has the largest milliseconds.
 * How many IDs are left is not counted, so that one answer is given for any number of publishes (PROTOCOL P7).
 */
export function isExhausted(lastId: EntryId): boolean {
  return lastId.startsWith(`${PART_MAX}-`);
}
