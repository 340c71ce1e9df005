import { BYTE_ORDER_MARK, TAG, TAG_KEY } from './tag.js';

/** Turns a sound value into one that msgpackr writes without changing it; what is so already stays the same object. */
export function toWire(value: unknown): unknown {
  switch (typeof value) {
    case 'undefined':
      return tagged(TAG.undefined);
    case 'number':
      return Object.is(value, -0) ? tagged(TAG.negativeZero) : value;
    case 'bigint':
      return has64Bits(value) ? value : tagged(TAG.bigint, value.toString(16));
    case 'string':
      return value.startsWith(BYTE_ORDER_MARK) ? tagged(TAG.markedText, `.${value}`) : value;
    case 'object':
      return value === null ? null : objectToWire(value);
    default:
      return value;
  }
}

function tagged(tag: number, ...content: unknown[]): Record<string, unknown> {
  return { [TAG_KEY]: [tag, ...content] };
}

/** Whether a bigint fits the integers of msgpack, which hold nothing else here: whole numbers of that size are floats. */
function has64Bits(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value || BigInt.asUintN(64, value) === value;
}

function objectToWire(value: object): unknown {
  if (Array.isArray(value)) return arrayToWire(value);
  if (value instanceof Map) return mapToWire(value);
  if (value instanceof Set) return setToWire(value);
  if (value instanceof Date) return tagged(TAG.date, value.getTime());
  if (value instanceof Uint8Array) return Buffer.isBuffer(value) ? tagged(TAG.buffer, plainBytes(value)) : value;
  return plainToWire(value as Record<string, unknown>);
}

/** Another view of the same bytes. */
function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function arrayToWire(values: readonly unknown[]): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    const wire = toWire(value);
    if (!Object.is(wire, value)) copy ??= values.slice();
    if (copy !== undefined) copy[index] = wire;
  }
  return copy ?? values;
}

function mapToWire(map: ReadonlyMap<unknown, unknown>): unknown {
  const list: unknown[] = [TAG.map];
  for (const [key, value] of map) list.push(toWire(key), toWire(value));
  return { [TAG_KEY]: list };
}

function setToWire(set: ReadonlySet<unknown>): unknown {
  const list: unknown[] = [TAG.set];
  for (const member of set) list.push(toWire(member));
  return { [TAG_KEY]: list };
}

function plainToWire(object: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(object);
  if (names.some(isChangedName)) return namesToWire(object, names);
  let copy = Object.getPrototypeOf(object) === null ? { ...object } : undefined;
  for (const name of names) {
    const value = object[name];
    const wire = toWire(value);
    if (Object.is(wire, value)) continue;
    copy ??= { ...object };
    copy[name] = wire;
  }
  return copy ?? object;
}

/**
 * Names that msgpackr renames, drops a mark of, or decides by: it asks the `constructor` of a value what to do with it.
 */
function isChangedName(name: string): boolean {
  return name === TAG_KEY || name === '__proto__' || name === 'constructor' || name.startsWith(BYTE_ORDER_MARK);
}

function namesToWire(object: Readonly<Record<string, unknown>>, names: readonly string[]): unknown {
  const list: unknown[] = [TAG.object];
  for (const name of names) list.push(toWire(name), toWire(object[name]));
  return { [TAG_KEY]: list };
}
