import type { StoredValue } from '@ars/core';
import { SHORT_MAX, shortAscii } from './short-text.js';

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
 * The name of a field. Names come again with every entry: `guess` is the one that came last in this place, and itself
 * the answer where the bytes are those of this ASCII string. A new one is made the very string that the engine keeps
 * for this name, so that properties of this name are found without looking at characters.
 */
export function storedName(bytes: Buffer, start: number, end: number, guess: StoredValue | undefined): StoredValue {
  if (typeof guess === 'string' && guess.length === end - start && isText(guess, bytes, start)) return guess;
  const name = storedValue(bytes, start, end);
  return typeof name === 'string' ? Object.keys({ [name]: undefined })[0]! : name;
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
