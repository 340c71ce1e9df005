import { AssertionError, deepStrictEqual } from 'node:assert/strict';
import { inspect } from 'node:util';
import { type ArsErrorCode, isArsError } from '@ars/core';

/** Fails, with what should have held. */
export function fail(what: string, actual?: unknown, expected?: unknown): never {
  throw new AssertionError({ message: what, actual, expected, operator: 'fail', stackStartFn: fail });
}

/** Fails unless the condition holds. */
export function check(condition: unknown, what: string): asserts condition {
  if (!condition) fail(what, condition, true);
}

/** Fails unless both are deeply equal; bytes are compared by content, whatever class holds them. */
export function checkEqual(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [comparable(actual), comparable(expected)];
  try {
    deepStrictEqual(found, wanted);
  } catch {
    fail(`${what}: expected ${shown(wanted)}, got ${shown(found)}`, found, wanted);
  }
}

/** Fails unless the promise rejects with this error of the library; answers the error. */
export async function checkRejects(promise: Promise<unknown>, code: ArsErrorCode, what: string): Promise<unknown> {
  let answer: unknown;
  try {
    answer = await promise;
  } catch (error) {
    if (isArsError(error, code)) return error;
    return fail(`${what}: expected ${code}, got ${shown(error)}`, error, code);
  }
  return fail(`${what}: expected it to reject with ${code}, but it answered ${shown(answer)}`, answer, code);
}

/** A value in which bytes are written as text, so that `Buffer` and `Uint8Array` compare as equal. */
function comparable(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes:${Buffer.from(value).toString('hex')}`;
  if (value instanceof Map) return new Map(Array.from(value, ([key, one]) => [key, comparable(one)]));
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== 'object' || value === null || value instanceof Error) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, comparable(one)]));
}

function shown(value: unknown): string {
  return inspect(value, { depth: 6, breakLength: Infinity, maxArrayLength: 20, maxStringLength: 200 });
}
