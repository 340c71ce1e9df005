import type { EntryId } from '../domain/entry-id.js';
import type { StoredFields } from '../domain/fields.js';

/** One entry on its way to the handler. */
export interface Delivery {
  readonly stream: string;
  readonly id: EntryId;
  readonly fields: StoredFields;
  /** The logical number of entries of the stream up to and including this one (see `StreamCursor.read`). */
  readonly read: number;
}
