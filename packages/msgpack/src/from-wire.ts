import { corrupt } from './corrupt.js';
import { BYTE_ORDER_MARK, TAG, TAG_KEY } from './tag.js';

const HEXADECIMAL = /^-?[1-9a-f][\da-f]*$/;
const DATE_MS_MAX = 8.64e15;

/** Turns what msgpackr has read back into the value that was written, and reuses its arrays and objects. */
export class WireReader {
  #entries = 0;

  /** How many entries all objects had, tags included; fewer than were stored when names came twice. */
  get entries(): number {
    return this.#entries;
  }

  /** Throws `SerializationError` for a tag that is not as this serializer writes it. */
  value(wire: unknown): unknown {
    if (typeof wire !== 'object' || wire === null) return wire;
    if (Array.isArray(wire)) return this.#elements(wire, 0);
    if (wire instanceof Uint8Array) return new Uint8Array(wire);
    return this.#properties(wire as Record<string, unknown>);
  }

  #elements(list: unknown[], start: number): unknown[] {
    for (let index = start; index < list.length; index++) list[index] = this.value(list[index]);
    return list;
  }

  #properties(object: Record<string, unknown>): unknown {
    const names = Object.keys(object);
    this.#entries += names.length;
    if (Object.hasOwn(object, TAG_KEY)) {
      if (names.length > 1) throw corrupt('a tag is not alone');
      return this.#tagged(object[TAG_KEY]);
    }
    for (const name of names) {
      const wire = object[name];
      if (typeof wire === 'object' && wire !== null) object[name] = this.value(wire);
    }
    return object;
  }

  #tagged(content: unknown): unknown {
    if (!Array.isArray(content) || content.length === 0) throw corrupt('a tag has no number');
    const [tag] = content as unknown[];
    if (tag === TAG.map) return this.#map(this.#elements(content, 1));
    if (tag === TAG.set) return this.#set(this.#elements(content, 1));
    if (tag === TAG.object) return this.#object(this.#elements(content, 1));
    return leafOf(tag, content.slice(1));
  }

  #map(list: readonly unknown[]): Map<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let index = 1; index < list.length; index += 2) map.set(list[index], list[index + 1]);
    if (map.size * 2 + 1 !== list.length) throw corrupt('a Map has a key twice, or without a value');
    return map;
  }

  #set(list: readonly unknown[]): Set<unknown> {
    const set = new Set(list.slice(1));
    if (set.size + 1 !== list.length) throw corrupt('a Set has a member twice');
    return set;
  }

  #object(list: readonly unknown[]): object {
    const object = {};
    for (let index = 1; index < list.length; index += 2) {
      const name = list[index];
      if (typeof name !== 'string' || Object.hasOwn(object, name)) throw corrupt('a name is no string, or comes twice');
      const value = list[index + 1];
      Object.defineProperty(object, name, { value, writable: true, enumerable: true, configurable: true });
    }
    if (list.length % 2 === 0) throw corrupt('a name has no value');
    return object;
  }
}

function leafOf(tag: unknown, content: readonly unknown[]): unknown {
  const [first] = content;
  const isAlone = content.length === 1;
  if (tag === TAG.undefined && content.length === 0) return undefined;
  if (tag === TAG.negativeZero && content.length === 0) return -0;
  if (tag === TAG.bigint && isAlone && typeof first === 'string') return bigintOf(first);
  if (tag === TAG.date && isAlone && typeof first === 'number') return dateOf(first);
  if (tag === TAG.markedText && isAlone && typeof first === 'string') return textOf(first);
  if (tag === TAG.buffer && isAlone && first instanceof Uint8Array) return Buffer.from(first);
  throw corrupt('a tag is unknown, or does not hold what it should');
}

function bigintOf(digits: string): bigint {
  if (!HEXADECIMAL.test(digits)) throw corrupt('a bigint is not written in hexadecimal');
  return digits.startsWith('-') ? -BigInt(`0x${digits.slice(1)}`) : BigInt(`0x${digits}`);
}

function textOf(marked: string): string {
  if (!marked.startsWith(`.${BYTE_ORDER_MARK}`)) throw corrupt('a text has no mark');
  return marked.slice(1);
}

function dateOf(ms: number): Date {
  const isTime = Number.isNaN(ms) || (Number.isInteger(ms) && Math.abs(ms) <= DATE_MS_MAX);
  if (!isTime) throw corrupt('a Date is not a whole number of milliseconds in range');
  return new Date(ms);
}
