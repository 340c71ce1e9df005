import { isUtf8 } from 'node:buffer';
import { SERIALIZED_DEPTH_MAX } from '@ars/core';
import { corrupt } from './corrupt.js';

/** A tagged container is two levels of msgpack, and a tagged value in the innermost two more. */
const WIRE_DEPTH_MAX = 2 * SERIALIZED_DEPTH_MAX + 2;
const PROTO = Buffer.from('__proto__');

/**
 * Reads over stored bytes without building anything, and throws `SerializationError` unless they are exactly one value
 * made of nil, booleans, numbers, well-formed strings, bytes, arrays, and maps with strings as keys. So msgpackr never
 * meets a length that the bytes do not bear out, an extension type, a record, or text that it would replace.
 * See https://github.com/msgpack/msgpack/blob/master/spec.md.
 */
export class WireScan {
  readonly #bytes: Buffer;
  #at = 0;
  #mapEntries = 0;
  /** Of each open array or map: how many items are to come, keys and values counted apart. */
  readonly #missing: number[] = [];
  readonly #isMap: boolean[] = [];

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Returns how many entries all maps have together. */
  run(): number {
    do {
      if (this.#isAtKey()) this.#key();
      else this.#item();
      while (this.#missing.at(-1) === 0) this.#close();
    } while (this.#missing.length > 0);
    if (this.#at !== this.#bytes.length) throw corrupt('more bytes follow');
    return this.#mapEntries;
  }

  #isAtKey(): boolean {
    return this.#isMap.at(-1) === true && this.#missing.at(-1)! % 2 === 0;
  }

  #close(): void {
    this.#missing.pop();
    this.#isMap.pop();
  }

  #item(): void {
    this.#count();
    const token = this.#uint(1);
    if (token < 0x80 || token >= 0xe0) return;
    if (token < 0x90) return this.#open(token - 0x80, true);
    if (token < 0xa0) return this.#open(token - 0x90, false);
    if (token < 0xc0) return this.#text(token - 0xa0);
    this.#marked(token);
  }

  #marked(token: number): void {
    if (token === 0xc0 || token === 0xc2 || token === 0xc3) return;
    if (token >= 0xc4 && token <= 0xc6) return void this.#skip(this.#uint(1 << (token - 0xc4)));
    if (token === 0xca || token === 0xcb) return void this.#skip(token === 0xca ? 4 : 8);
    if (token >= 0xcc && token <= 0xcf) return void this.#skip(1 << (token - 0xcc));
    if (token >= 0xd0 && token <= 0xd3) return void this.#skip(1 << (token - 0xd0));
    if (token >= 0xd9 && token <= 0xdb) return this.#text(this.#uint(1 << (token - 0xd9)));
    if (token === 0xdc || token === 0xdd) return this.#open(this.#uint(token === 0xdc ? 2 : 4), false);
    if (token === 0xde || token === 0xdf) return this.#open(this.#uint(token === 0xde ? 2 : 4), true);
    throw corrupt('they hold an extension type or an unused one');
  }

  #key(): void {
    this.#count();
    const token = this.#uint(1);
    const isShort = token >= 0xa0 && token < 0xc0;
    if (!isShort && (token < 0xd9 || token > 0xdb)) throw corrupt('a key of a map is not a string');
    const length = isShort ? token - 0xa0 : this.#uint(1 << (token - 0xd9));
    const start = this.#at;
    this.#text(length);
    if (length === PROTO.length && PROTO.equals(this.#bytes.subarray(start, this.#at))) {
      throw corrupt('a key of a map is a reserved name');
    }
  }

  #count(): void {
    const last = this.#missing.length - 1;
    if (last >= 0) this.#missing[last]! -= 1;
  }

  #open(length: number, isMap: boolean): void {
    const items = isMap ? length * 2 : length;
    if (items > this.#bytes.length - this.#at) throw corrupt('they end too early');
    if (this.#missing.length >= WIRE_DEPTH_MAX) throw corrupt('they are nested too deeply');
    if (isMap) this.#mapEntries += length;
    this.#missing.push(items);
    this.#isMap.push(isMap);
  }

  #text(length: number): void {
    const start = this.#at;
    const text = this.#bytes.subarray(start, this.#skip(length));
    if (!isUtf8(text)) throw corrupt('a string is not valid UTF-8');
    const hasMark = text[0] === 0xef && text[1] === 0xbb && text[2] === 0xbf;
    if (hasMark) throw corrupt('a string begins with a byte order mark');
  }

  #uint(length: number): number {
    const start = this.#at;
    this.#skip(length);
    return this.#bytes.readUIntBE(start, length);
  }

  #skip(length: number): number {
    if (length > this.#bytes.length - this.#at) throw corrupt('they end too early');
    this.#at += length;
    return this.#at;
  }
}
