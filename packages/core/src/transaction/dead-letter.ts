import type { EntryId } from '../domain/entry-id.js';
import { isEntryId } from '../domain/entry-id.js';
import type { StoredFields } from '../domain/fields.js';

/** Why an entry was put aside, and where it came from. */
export interface DeadLetterFacts {
  /** What went wrong, for people; of a longer one, the first 1,000 characters are kept. */
  readonly reason: string;
  /** The code of the error, such as `ARS_HANDLER`. */
  readonly code: string;
  /** How often the message was handled. */
  readonly attempts: number;
  /** The `consumerId` that gave it up. */
  readonly consumer: string;
  /** The stream that it was read from. */
  readonly stream: string;
  /** Its ID there. */
  readonly id: EntryId;
  /** When it was given up, in milliseconds since 1970. */
  readonly time: number;
}

const REASON_LENGTH_MAX = 1_000;

/** The fields that a dead letter has at its end, in this order. */
const NAMES = ['reason', 'code', 'attempts', 'consumer', 'stream', 'id', 'time'] as const;

/** How many stored values the added fields are. */
const ADDED = NAMES.length * 2;

/** The fields of a dead letter: the original ones as they are, and the facts behind them. */
export function deadLetterFields(original: StoredFields, facts: DeadLetterFacts): StoredFields {
  const shown = { ...facts, reason: cut(facts.reason) };
  return [...original, ...NAMES.flatMap((name) => [`ars:${name}`, String(shown[name])])];
}

/**
 * Takes a dead letter apart; `undefined` for an entry that is none. Only the last fields are looked at, so that a dead
 * letter of a dead letter gives the first one back.
 */
export function readDeadLetter(
  fields: StoredFields,
): { readonly facts: DeadLetterFacts; readonly original: StoredFields } | undefined {
  const start = fields.length - ADDED;
  if (start < 2) return undefined;
  const texts: string[] = [];
  for (const [index, name] of NAMES.entries()) {
    const value = fields[start + 2 * index + 1];
    if (fields[start + 2 * index] !== `ars:${name}` || typeof value !== 'string') return undefined;
    texts.push(value);
  }
  const [reason, code, attempts, consumer, stream, id, time] = texts as [
    string, string, string, string, string, string, string,
  ]; // prettier-ignore
  if (!isCount(attempts) || !isCount(time) || !isEntryId(id) || stream === '') return undefined;
  const facts = { reason, code, attempts: Number(attempts), consumer, stream, id, time: Number(time) };
  return { facts, original: fields.slice(0, start) };
}

function isCount(text: string): boolean {
  return /^\d+$/.test(text) && Number.isSafeInteger(Number(text));
}

/** Stored text is well-formed; a character that the cut would halve goes whole. */
function cut(reason: string): string {
  const isHalved = reason.length > REASON_LENGTH_MAX && (reason.codePointAt(REASON_LENGTH_MAX - 1) ?? 0) > 0xffff;
  return reason.slice(0, isHalved ? REASON_LENGTH_MAX - 1 : REASON_LENGTH_MAX).toWellFormed();
}
