import type { StoredValue } from '@ars/core';
import type { RepeatedValues } from './repeated-values.js';
import { storedName, storedValue } from './stored-text.js';

const FALSE = 0xc2;

/**
 * Reads what a script packed with `cmsgpack.pack`: strings of raw bytes, whole numbers, and arrays of them. The reader says what it expects next; anything else is a bug of the scripts and throws a `TypeError`.
 */
export class Unpacker {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether everything was read. */
  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Opens an array: how many elements follow. */
  array(): number {
    const kind = this.#bytes[this.#at++]!;
    if (kind >= 0x90 && kind <= 0x9f) return kind & 0x0f;
    if (kind === 0xdc) return this.#unsigned(2);
    if (kind === 0xdd) return this.#unsigned(4);
    throw this.#unexpected('an array', kind);
  }

  /** Reads a string of raw bytes as a stored value. */
  value(): StoredValue {
    const length = this.#stringLength();
    const start = this.#at;
    this.#at += length;
    return storedValue(this.#bytes, start, this.#at);
  }

  /** Reads a string like `value`, or `undefined` where the script had none, which is packed as false. */
  valueOrNone(): StoredValue | undefined {
    if (this.#bytes[this.#at] !== FALSE) return this.value();
    this.#at += 1;
    return undefined;
  }

  /** Reads a string that the library wrote itself, or that a script made: always text. */
  text(): string {
    const length = this.#stringLength();
    const start = this.#at;
    this.#at += length;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  /** Reads a string as the name of a field, maybe the same as `guess`; see `storedName`. */
  name(guess: StoredValue | undefined): StoredValue {
    const length = this.#stringLength();
    const start = this.#at;
    this.#at += length;
    return storedName(this.#bytes, start, this.#at, guess);
  }

  /** Reads a string like `value`, from a place where values repeat. */
  valueAmong(repeated: RepeatedValues): StoredValue {
    const length = this.#stringLength();
    const start = this.#at;
    this.#at += length;
    return repeated.value(this.#bytes, start, this.#at);
  }

  /** Reads a whole number; beyond 2^53 it loses digits, as it did in the script. */
  number(): number {
    const kind = this.#bytes[this.#at++]!;
    if (kind < 0x80) return kind;
    if (kind >= 0xe0) return kind - 0x100;
    if (kind >= 0xcc && kind <= 0xce) return this.#unsigned(1 << (kind - 0xcc));
    if (kind >= 0xd0 && kind <= 0xd2) return this.#signed(1 << (kind - 0xd0));
    return this.#wideNumber(kind);
  }

  #wideNumber(kind: number): number {
    const at = this.#at;
    this.#at += 8;
    if (kind === 0xcf) return Number(this.#bytes.readBigUInt64BE(at));
    if (kind === 0xd3) return Number(this.#bytes.readBigInt64BE(at));
    if (kind === 0xcb) return this.#bytes.readDoubleBE(at);
    throw this.#unexpected('a number', kind);
  }

  #stringLength(): number {
    const kind = this.#bytes[this.#at++]!;
    if (kind >= 0xa0 && kind <= 0xbf) return kind & 0x1f;
    if (kind >= 0xd9 && kind <= 0xdb) return this.#unsigned(1 << (kind - 0xd9));
    throw this.#unexpected('a string', kind);
  }

  #unsigned(bytes: number): number {
    const value = this.#bytes.readUIntBE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }

  #signed(bytes: number): number {
    const value = this.#bytes.readIntBE(this.#at, bytes);
    this.#at += bytes;
    return value;
  }

  #unexpected(wanted: string, kind: number): TypeError {
    return new TypeError(
      `packed reply: ${wanted} expected at byte ${this.#at - 1}, found type 0x${kind?.toString(16)}`,
    );
  }
}
