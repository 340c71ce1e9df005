import type { EntryId } from '../domain/entry-id.js';
import type { StoredFields } from '../domain/fields.js';
import type { StoredEntry } from '../store/stored-entry.js';
import { readDeadLetter } from '../transaction/dead-letter.js';

/** A message that a consumer has put aside. */
export interface DeadLetter {
  /** Its ID in the dead-letter stream. */
  readonly id: EntryId;
  /** What went wrong, for people; at most 1,000 characters. */
  readonly reason: string;
  /** The code of the error, such as `ARS_HANDLER`. */
  readonly code: string;
  /** How often it was handled. */
  readonly attempts: number;
  /** The `consumerId` that gave it up. */
  readonly consumer: string;
  /** The stream that it was read from. */
  readonly stream: string;
  /** Its ID there. */
  readonly sourceId: EntryId;
  /** When it was given up, by the clock of the consumer's process. */
  readonly time: Date;
  /** The original fields; a definition's `decode` makes a message of them. */
  readonly fields: StoredFields;
}

/** An entry as a dead letter; `undefined` when it is none. */
export function deadLetterOf({ id, fields }: StoredEntry): DeadLetter | undefined {
  const read = readDeadLetter(fields);
  if (read === undefined) return undefined;
  const { id: sourceId, time, ...facts } = read.facts;
  return { ...facts, id, sourceId, time: new Date(time), fields: read.original };
}
