import { BYTE_ORDER_MARK, TAG, TAG_KEY } from './tag.js';

/** Turns a sound value into one that msgpackr writes without changing it; what is so already stays the same object. */
export class WireWriter {
  #hasBytes = false;

  /** Whether there were bytes, which msgpackr writes by a rule that other code in the process can replace. */
  get hasBytes(): boolean {
    return this.#hasBytes;
  }

  /** The value in terms of nil, booleans, numbers, 64-bit bigints, strings, bytes, arrays and objects. */
  wire(value: unknown): unknown {
    switch (typeof value) {
      case 'undefined':
        return tag([TAG.undefined]);
      case 'number':
        return Object.is(value, -0) ? tag([TAG.negativeZero]) : value;
      case 'bigint':
        return has64Bits(value) ? value : tag([TAG.bigint, value.toString(16)]);
      case 'string':
        return value.startsWith(BYTE_ORDER_MARK) ? tag([TAG.markedText, `.${value}`]) : value;
      case 'object':
        return value === null ? null : this.#object(value);
      default:
        return value;
    }
  }

  #object(value: object): unknown {
    if (Array.isArray(value)) return this.#elements(value);
    if (value instanceof Map) return this.#entries(TAG.map, value);
    if (value instanceof Set) return this.#members(value);
    if (value instanceof Date) return tag([TAG.date, value.getTime()]);
    if (value instanceof Uint8Array) return this.#bytes(value);
    return this.#properties(value as Record<string, unknown>);
  }

  #elements(values: readonly unknown[]): readonly unknown[] {
    let copy: unknown[] | undefined;
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      const wire = this.wire(value);
      if (!Object.is(wire, value)) copy ??= values.slice();
      if (copy !== undefined) copy[index] = wire;
    }
    return copy ?? values;
  }

  #members(members: ReadonlySet<unknown>): unknown {
    const content: unknown[] = [TAG.set];
    for (const member of members) content.push(this.wire(member));
    return tag(content);
  }

  #entries(number: number, entries: Iterable<readonly [unknown, unknown]>): unknown {
    const content: unknown[] = [number];
    for (const [key, value] of entries) content.push(this.wire(key), this.wire(value));
    return tag(content);
  }

  #bytes(bytes: Uint8Array): unknown {
    this.#hasBytes = true;
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return Buffer.isBuffer(bytes) ? tag([TAG.buffer, plain]) : plain;
  }

  #properties(object: Readonly<Record<string, unknown>>): unknown {
    const names = Object.keys(object);
    if (names.some(isChangedName)) return this.#entries(TAG.object, Object.entries(object));
    let copy = Object.getPrototypeOf(object) === null ? { ...object } : undefined;
    for (const name of names) {
      const value = object[name];
      const wire = this.wire(value);
      if (Object.is(wire, value)) continue;
      copy ??= { ...object };
      copy[name] = wire;
    }
    return copy ?? object;
  }
}

function tag(content: readonly unknown[]): Record<string, unknown> {
  return { [TAG_KEY]: content };
}

/** Whether a bigint fits the integers of msgpack, which hold nothing else here: whole numbers of that size are floats. */
function has64Bits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

/** Names that msgpackr renames, drops a mark of, or decides by: it asks the `constructor` of a value what to do with it. */
function isChangedName(name: string): boolean {
  return name === TAG_KEY || name === '__proto__' || name === 'constructor' || name.startsWith(BYTE_ORDER_MARK);
}
