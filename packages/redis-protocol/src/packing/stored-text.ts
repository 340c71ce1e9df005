import type { StoredValue } from '@ars/core';

const SHORT_MAX = 16;
const { fromCharCode } = String;

/**
 * The bytes `start` to `end` as a stored value: a string where they are valid UTF-8, otherwise a copy of them, so
 * that a small value never keeps the large reply around it in memory.
 */
export function storedValue(bytes: Buffer, start: number, end: number): StoredValue {
  if (end - start <= SHORT_MAX) {
    const text = shortAscii(bytes, start, end);
    if (text !== undefined) return text;
  }
  const text = bytes.toString('utf8', start, end);
  if (!text.includes('\ufffd') || isExactly(text, bytes, start, end)) return text;
  return new Uint8Array(bytes.subarray(start, end));
}

/**
 * Calling into the native decoder costs more than building a short string here, eight characters at a time.
 * `undefined` beyond ASCII.
 */
function shortAscii(bytes: Buffer, start: number, end: number): string | undefined {
  let text = '';
  let all = 0;
  let at = start;
  for (; end - at >= 8; at += 8) {
    const a = bytes[at]!;
    const b = bytes[at + 1]!;
    const c = bytes[at + 2]!;
    const d = bytes[at + 3]!;
    const e = bytes[at + 4]!;
    const f = bytes[at + 5]!;
    const g = bytes[at + 6]!;
    const h = bytes[at + 7]!;
    all |= a | b | c | d | e | f | g | h;
    text += fromCharCode(a, b, c, d, e, f, g, h);
  }
  for (; at < end; at += 1) {
    all |= bytes[at]!;
    text += fromCharCode(bytes[at]!);
  }
  return all < 0x80 ? text : undefined;
}

/** Whether the bytes from `start` on are those of `text`, as far as it goes; never so for text beyond ASCII. */
export function isText(text: string, bytes: Buffer, start: number): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f || code !== bytes[start + i]) return false;
  }
  return true;
}

/** Tells a replacement character that was stored from one that stands for bytes which are not UTF-8. */
function isExactly(text: string, bytes: Buffer, start: number, end: number): boolean {
  return Buffer.byteLength(text) === end - start && Buffer.from(text).equals(bytes.subarray(start, end));
}
