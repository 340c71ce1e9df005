import { corrupt } from './corrupt.js';
import { ENTRIES, INVALID_DATE } from './own-superjson.js';

/** The types that `meta` may name; every other one of superjson's is refused: Error, regexp, URL, class, symbol, typed arrays. */
export type TypeTag = 'undefined' | 'number' | 'bigint' | 'Date' | 'set' | 'map' | 'entries' | 'invalid date';

/** How many decimal digits a stored bigint may have: reading costs more than the digits are long. */
export const BIGINT_DIGITS_MAX = 1_000_000;

const SIMPLE: ReadonlySet<unknown> = new Set<TypeTag>(['undefined', 'number', 'bigint', 'Date', 'set', 'map']);
const NUMBERS: ReadonlySet<unknown> = new Set(['NaN', 'Infinity', '-Infinity', '-0']);
const DECIMAL = /^(?:0|-?[1-9]\d*)$/;

/** Reads the type out of an annotation. Throws `SerializationError` for what this serializer never writes. */
export function typeTagOf(annotation: unknown): TypeTag {
  if (SIMPLE.has(annotation)) return annotation as TypeTag;
  if (Array.isArray(annotation) && annotation.length === 2 && annotation[0] === 'custom') {
    if (annotation[1] === ENTRIES) return 'entries';
    if (annotation[1] === INVALID_DATE) return 'invalid date';
  }
  throw corrupt('it names a type that is not allowed');
}

/** Throws `SerializationError` when a type cannot be made from a JSON value without guessing. */
export function demandShape(type: TypeTag, json: unknown): void {
  if (!fits(type, json)) throw corrupt(`a value is not written as a stored ${type} is`);
}

function fits(type: TypeTag, json: unknown): boolean {
  switch (type) {
    case 'undefined':
    case 'invalid date':
      return json === null;
    case 'number':
      return NUMBERS.has(json);
    case 'bigint':
      return typeof json === 'string' && json.length <= BIGINT_DIGITS_MAX && DECIMAL.test(json);
    case 'Date':
      return typeof json === 'string' && isDateText(json);
    case 'set':
      return Array.isArray(json);
    case 'map':
      return isListOfPairs(json);
    case 'entries':
      return isListOfPairs(json) && json.every(([name]) => typeof name === 'string');
  }
}

function isDateText(text: string): boolean {
  const date = new Date(text);
  return !Number.isNaN(date.getTime()) && date.toISOString() === text;
}

function isListOfPairs(json: unknown): json is [unknown, unknown][] {
  return Array.isArray(json) && json.every((pair: unknown) => Array.isArray(pair) && pair.length === 2);
}
