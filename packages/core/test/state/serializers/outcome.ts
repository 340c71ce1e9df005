import { expect } from 'vitest';
import type { Serializer } from '../../../src/state/serializer.js';
import { isSame, isUnpolluted } from './values.js';

/**
 * Whether stored input was refused for what it is, or read as a value that can be stored and read again; anything else
 * is a failure. Neither may change the input or the built-in objects.
 */
export function outcomeOf(serializer: Serializer, stored: string | Uint8Array): 'refused' | 'read' {
  const before = Buffer.from(stored as string);
  const outcome = read(serializer, stored);
  expect(isUnpolluted() && before.equals(Buffer.from(stored as string))).toBe(true);
  return outcome;
}

function read(serializer: Serializer, stored: string | Uint8Array): 'refused' | 'read' {
  let value: unknown;
  try {
    value = serializer.deserialize(stored);
  } catch (error) {
    expect(error).toEqual(expect.objectContaining({ code: 'ARS_SERIALIZATION' }));
    return 'refused';
  }
  expect(isSame(serializer.deserialize(serializer.serialize(value)), value)).toBe(true);
  return 'read';
}
