import type { StoredValue } from '@ars/core';

const ASCII_LOOP_MAX = 64;

/**
 * Writes the packed argument of a script: msgpack made of arrays and raw strings only (P9), since `cmsgpack.unpack`
 * rejects the binary type and loses digits of large numbers. The caller opens an array with its length and then
 * writes that many elements. See https://github.com/msgpack/msgpack/blob/master/spec.md.
 */
export class Packer {
  #bytes: Buffer;
  #length = 0;

  /** Takes the expected size in bytes, so that growing is rare. Default 1,024. */
  constructor(expectedBytes = 1024) {
    this.#bytes = Buffer.allocUnsafe(Math.max(64, expectedBytes));
  }

  /** Opens an array of so many elements. */
  array(length: number): this {
    this.#reserve(5);
    if (length < 16) this.#byte(0x90 | length);
    else if (length < 0x10000) this.#header16(0xdc, length);
    else this.#header32(0xdd, length);
    return this;
  }

  /** Writes one string, as UTF-8, or bytes as they are. */
  value(value: StoredValue): this {
    if (typeof value !== 'string') this.#raw(value);
    else if (value.length > ASCII_LOOP_MAX || !this.#shortAscii(value)) this.#text(value);
    return this;
  }

  /** Writes one string that is `text` behind a prefix of ASCII. */
  prefixed(prefix: string, text: string): this {
    if (text.length > ASCII_LOOP_MAX || !this.#shortAscii(text, prefix)) this.#text(prefix + text);
    return this;
  }

  /** Writes several values, one element each. */
  values(values: readonly StoredValue[]): this {
    for (const value of values) this.value(value);
    return this;
  }

  /** What was written so far; the packer must not be used afterwards. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** The fast path of most values; gives up, with nothing written, at the first character beyond ASCII. */
  #shortAscii(text: string, prefix = ''): boolean {
    const start = this.#length;
    const length = prefix.length + text.length;
    this.#reserve(length + 2);
    this.#stringHeader(length);
    const bytes = this.#bytes;
    let at = this.#length;
    for (let i = 0; i < prefix.length; i += 1) bytes[at++] = prefix.charCodeAt(i);
    for (let i = 0; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#length = start;
        return false;
      }
      bytes[at++] = code;
    }
    this.#length = at;
    return true;
  }

  #text(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.#reserve(bytes + 5);
    this.#stringHeader(bytes);
    this.#bytes.write(text, this.#length, bytes, 'utf8');
    this.#length += bytes;
  }

  #raw(value: Uint8Array): void {
    this.#reserve(value.length + 5);
    this.#stringHeader(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  #stringHeader(bytes: number): void {
    if (bytes < 32) this.#byte(0xa0 | bytes);
    else if (bytes < 0x100) {
      this.#byte(0xd9);
      this.#byte(bytes);
    } else if (bytes < 0x10000) this.#header16(0xda, bytes);
    else this.#header32(0xdb, bytes);
  }

  #byte(byte: number): void {
    this.#bytes[this.#length++] = byte;
  }

  #header16(kind: number, count: number): void {
    this.#byte(kind);
    this.#length = this.#bytes.writeUInt16BE(count, this.#length);
  }

  #header32(kind: number, count: number): void {
    this.#byte(kind);
    this.#length = this.#bytes.writeUInt32BE(count, this.#length);
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}
