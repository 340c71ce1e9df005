import { MessageValidationError } from './errors.js';
import type { StoredValue } from './fields.js';
import { textBytes } from './text-bytes.js';

/** The most fields that a message may have: what one server-side call can append. */
export const FIELDS_MAX = 3_900;

/** Names of a message's fields that are known to be storable. */
export interface FieldNames {
  readonly names: readonly string[];
  /** Each name, and after it room for a value; to be copied. */
  readonly blank: readonly StoredValue[];
  /** What the names and the frame of the fields take, about. */
  readonly bytes: number;
}

const SLOTS = 16;
/** Longer lists of names are not remembered: they cost more to compare than they save. */
const REMEMBERED_MAX = 64;

/** The names met last, so that the messages of a stream do not have theirs checked one by one. */
const remembered: (FieldNames | undefined)[] = Array.from({ length: SLOTS });

/** Throws `MessageValidationError` for none, more than 3,900, and for a name with a lone surrogate. */
export function fieldNames(names: readonly string[]): FieldNames {
  const slot = (names.length * 5 + (names[0]?.length ?? 0)) % SLOTS;
  const known = remembered[slot];
  if (known !== undefined && isSame(known.names, names)) return known;
  const checked = check(names);
  if (names.length <= REMEMBERED_MAX) remembered[slot] = checked;
  return checked;
}

function isSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index += 1) if (some[index] !== others[index]) return false;
  return true;
}

function check(names: readonly string[]): FieldNames {
  if (names.length === 0) throw new MessageValidationError('A message must have at least one field.');
  if (names.length > FIELDS_MAX) {
    throw new MessageValidationError(`A message may have at most ${FIELDS_MAX} fields; this one has ${names.length}.`);
  }
  let bytes = 0;
  for (const name of names) {
    const size = textBytes(name);
    if (size === undefined) throw invalidField(name, 'its name has a lone surrogate');
    bytes += size + 2;
  }
  return { names, blank: names.flatMap((name) => [name, '']), bytes };
}

/** The error for a field that cannot be stored. */
export function invalidField(name: string, why: string): MessageValidationError {
  return new MessageValidationError(`Field ${JSON.stringify(name)} cannot be published: ${why}.`, { field: name });
}
