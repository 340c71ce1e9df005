import type { EntryId } from '../domain/entry-id.js';
import type { StoredFields } from '../domain/fields.js';
import type { KeyedState } from '../state/keyed-states.js';
import type { StoredEntry } from '../store/stored-entry.js';

/** One entry on its way to the handler, or the place where entries are missing. */
export interface Delivery {
  readonly stream: string;
  /** Of a gap: the ID of the last entry read before it. */
  readonly id: EntryId;
  /** Empty for a gap. */
  readonly fields: StoredFields;
  /** The logical number of entries of the stream up to and including this one (see `StreamCursor.read`). */
  readonly read: number;
  /** Set when this is no entry but the place of some that vanished. */
  readonly gap: StreamGap | undefined;
  /** What was made ready before its turn came; `undefined` where nothing needs to be. */
  prepared: Prepared | undefined;
}

/**
 * An entry on its way to the handler. A class, since the engine makes object literals that live for some time old from
 * the start, and then they keep alive what they hold for long after their commit.
 */
export class EntryDelivery implements Delivery {
  readonly stream: string;
  readonly id: EntryId;
  readonly fields: StoredFields;
  readonly read: number;
  readonly gap: undefined;
  prepared: Prepared | undefined;

  constructor(stream: string, { id, fields }: StoredEntry, read: number) {
    this.stream = stream;
    this.id = id;
    this.fields = fields;
    this.read = read;
    this.gap = undefined;
    this.prepared = undefined;
  }
}

/** How many bytes of memory the fields of a delivery take, about. */
export function bytesOf({ fields }: Delivery): number {
  let bytes = 0;
  // The memory store's lists are frozen, and the engine takes four times as long to iterate those.
  for (let index = 0; index < fields.length; index += 1) bytes += fields[index]!.length;
  return bytes;
}

/** A message decoded ahead of its turn, because its key says which state must be loaded. */
export interface Prepared {
  readonly message: unknown;
  /** Whether a handler has had the message, and may have changed it: the next one gets a fresh one. */
  isUsed: boolean;
  readonly key: string | undefined;
  /** What went wrong in decoding it or in finding its key: its handler fails with that. */
  readonly failure: { readonly error: unknown } | undefined;
  /** The state of its key, once that is loaded. */
  state: KeyedState | undefined;
}

/** Entries that vanished from a stream before the consumer read them. */
export interface StreamGap {
  readonly stream: string;
  /** How many, exactly. */
  readonly lost: number;
  /** The last entry read before them, or `0-0`. */
  readonly after: EntryId;
  /** The first entry that is still there, or the stream's last ID when nothing is. */
  readonly upTo: EntryId;
}
