/**
 * What stands for a value that msgpack has no type for: an object whose only key is `''`, holding a list that begins
 * with one of these numbers. Extension types are not used at all, because those of msgpackr are global to the process:
 * any library may redefine them. Stored data depends on the numbers; never reuse one.
 */
export const TAG = {
  /** `[0]` */
  undefined: 0,
  /** `[1]`; msgpackr would write 0. */
  negativeZero: 1,
  /** `[2, text]`: a bigint of more than 64 bits, as hexadecimal digits, `-` before them if it is negative. */
  bigint: 2,
  /** `[3, milliseconds]` since 1970, NaN for an invalid Date. */
  date: 3,
  /** `[4, key, value, key, value …]` */
  map: 4,
  /** `[5, member, member …]` */
  set: 5,
  /** `[6, name, value …]`: an object with a name that msgpackr would change or take for a tag. */
  object: 6,
  /** `[7, text]`: a string that begins with a byte order mark, which reading would drop, behind one more character. */
  markedText: 7,
  /** `[8, bytes]`: a Buffer; a plain Uint8Array needs no tag. */
  buffer: 8,
} as const;

/** The key of a tag. */
export const TAG_KEY = '';

/** The first character of a string that msgpackr may not bring back. */
export const BYTE_ORDER_MARK = '\ufeff';
