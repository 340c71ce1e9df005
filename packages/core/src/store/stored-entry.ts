import type { EntryId } from '../domain/entry-id.js';
import type { StoredFields } from '../domain/fields.js';

/** One record of a stream. */
export interface StoredEntry {
  readonly id: EntryId;
  readonly fields: StoredFields;
}
