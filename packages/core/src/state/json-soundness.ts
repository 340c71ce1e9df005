import { SerializationError } from '../domain/errors.js';
import { article, className, kindOf } from './kind.js';
import { DEPTH_MAX, isAncestor, joinPath, type Located, type PathKey, Step } from './path.js';

const REMEDY =
  'strict JSON refuses what it would change; use the serializer of @ars/superjson or @ars/msgpack, or another value';

function unsound(place: Located, key: PathKey | undefined, reason: string): SerializationError {
  const path = key === undefined ? place.path() : joinPath(place.path(), key);
  return new SerializationError(`${path === '' ? 'the value' : path} ${reason}: ${REMEDY}`, { path });
}

/** Why JSON would change a primitive value, as the end of a sentence; `undefined` when it would not. */
function primitiveProblem(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return value.isWellFormed() ? undefined : 'is a string with a lone surrogate';
    case 'number':
      if (!Number.isFinite(value)) return 'is not a finite number';
      return Object.is(value, -0) ? 'is negative zero' : undefined;
    case 'boolean':
      return undefined;
    case 'undefined':
      return 'is undefined';
    default:
      return value === null ? undefined : `is ${article(typeof value)}`;
  }
}

/** The common case, without a call that could fail: a finite number that is not negative zero. */
export function isSoundNumber(value: unknown): boolean {
  return typeof value === 'number' && value - value === 0 && (value !== 0 || 1 / value > 0);
}

/** Throws `SerializationError`, naming the path, for a value that JSON would change or could not write. */
export function demandJson(value: unknown, place: Located, key: PathKey | undefined, depth: number): void {
  if (isSoundNumber(value)) return;
  if (typeof value === 'object' && value !== null) return demandJsonObject(value, place, key, depth);
  const problem = primitiveProblem(value);
  if (problem !== undefined) throw unsound(place, key, problem);
}

function demandJsonObject(value: object, place: Located, key: PathKey | undefined, depth: number): void {
  if (depth > DEPTH_MAX) throw unsound(place, key, `is nested deeper than ${DEPTH_MAX} levels`);
  if (isAncestor(value, place)) throw unsound(place, key, 'contains itself');
  const kind = kindOf(value);
  if (kind !== 'plain object' && kind !== 'array') throw unsound(place, key, `is ${article(kind ?? className(value))}`);
  if (typeof (value as { toJSON?: unknown }).toJSON === 'function') throw unsound(place, key, 'has a method toJSON');
  const step = new Step(place, key, value);
  if (kind === 'array') demandJsonElements(value as unknown[], step, depth);
  else demandJsonProperties(value as Record<string, unknown>, step, depth);
}

function demandJsonElements(values: readonly unknown[], step: Step, depth: number): void {
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined && !Object.hasOwn(values, index)) throw unsound(step, index, 'is a hole');
    demandJson(value, step, index, depth + 1);
  }
  if (
    Object.getOwnPropertyNames(values).length !== values.length + 1 ||
    Object.getOwnPropertySymbols(values).length > 0
  )
    throw unsound(step, undefined, 'is an array with named properties');
}

function demandJsonProperties(values: Readonly<Record<string, unknown>>, step: Step, depth: number): void {
  const names = Object.keys(values);
  const held = Object.values(values);
  const hasMore =
    Object.getOwnPropertyNames(values).length !== names.length || Object.getOwnPropertySymbols(values).length > 0;
  if (hasMore) throw unsound(step, undefined, 'has keys that are symbols or not enumerable');
  for (let index = 0; index < names.length; index++) {
    const name = names[index]!;
    if (!name.isWellFormed()) throw unsound(step, undefined, 'has a key with a lone surrogate');
    if (held[index] !== undefined) demandJson(held[index], step, name, depth + 1);
  }
}
