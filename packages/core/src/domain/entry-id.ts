/**
 * The ID of a stream entry, as `<milliseconds>-<sequence>` in decimal without leading zeros
 * (`1526919030474-55`). Both parts are unsigned 64-bit numbers, so IDs are never converted to doubles.
 */
export type EntryId = string;

/** The position before the first possible entry of a stream. */
export const BEGINNING: EntryId = '0-0';

const PART_MAX = '18446744073709551615';
const ID_PATTERN = /^(0|[1-9]\d{0,19})-(0|[1-9]\d{0,19})$/;

/** Orders two decimal numbers without leading zeros: shorter is smaller, then digit by digit. */
function compareDecimals(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Tells whether a text is a complete, canonical entry ID. */
export function isEntryId(text: string): boolean {
  const match = ID_PATTERN.exec(text);
  if (match === null) return false;
  return compareDecimals(match[1]!, PART_MAX) <= 0 && compareDecimals(match[2]!, PART_MAX) <= 0;
}

/** Orders two entry IDs as the server does: negative when `a` comes first, 0 when they are equal. */
export function compareIds(a: EntryId, b: EntryId): number {
  if (a === b) return 0;
  const dashA = a.indexOf('-');
  const dashB = b.indexOf('-');
  return (
    compareDecimals(a.slice(0, dashA), b.slice(0, dashB)) || compareDecimals(a.slice(dashA + 1), b.slice(dashB + 1))
  );
}

/** The largest ID below the given one; `0-0` has none below it and is returned as it is. */
export function previousId(id: EntryId): EntryId {
  const [ms, sequence] = id.split('-') as [string, string];
  if (sequence !== '0') return `${ms}-${BigInt(sequence) - 1n}`;
  return ms === '0' ? BEGINNING : `${BigInt(ms) - 1n}-${PART_MAX}`;
}

/** The milliseconds part of an ID as a number; servers set it from their clock unless the writer chose the ID. */
export function timestampOf(id: EntryId): number {
  return Number(id.slice(0, id.indexOf('-')));
}
