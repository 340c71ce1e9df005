import { MessageValidationError } from '../domain/errors.js';
import { RecencyLink } from './keyed-recency.js';
import type { TrackedState } from './tracked-state.js';

/** What a key takes beside its text and attributes: measured, on Node 20. */
const KEY_BYTES = 300;
/** How much more memory attributes take than their stored form, about. */
const GROWTH = 3;

/** The state of one key in the cache. */
export class KeyedState extends RecencyLink {
  readonly key: string;
  /** What handlers change, under an undo log of its own. */
  readonly tracked: TrackedState;
  /** The cache's generation that it belongs to. */
  readonly generation: number;
  /** Milliseconds since 1970 by entries' timestamps, with all that handlers have changed; `undefined` for never. */
  expiresAt: number | undefined;
  /** The same as of the last commit. */
  storedExpiresAt: number | undefined;
  /** Whether the store holds a value for the key. */
  isStored: boolean;
  /** How many uses it has by uncommitted or running work; while there are any, it is never evicted. Changed by the cache. */
  pins = 0;
  /** Bytes of its stored form, as of when it was loaded or last encoded. Changed by the cache. */
  storedBytes: number;

  constructor(key: string, tracked: TrackedState, generation: number, stored: StoredTraits) {
    super();
    this.key = key;
    this.tracked = tracked;
    this.generation = generation;
    this.expiresAt = stored.expiresAt;
    this.storedExpiresAt = stored.expiresAt;
    this.isStored = stored.isStored;
    this.storedBytes = stored.bytes;
  }

  /** How many bytes of memory it takes, about. */
  get bytes(): number {
    return KEY_BYTES + this.key.length + GROWTH * this.storedBytes;
  }
}

/** What is known of a key's state beside its attributes. */
export interface StoredTraits {
  readonly expiresAt: number | undefined;
  readonly isStored: boolean;
  /** Of its stored form. */
  readonly bytes: number;
}

/**
 * The text of a key, by which its state is stored: that of a string, number or bigint. So 1, 1n and '1' are one key.
 * Throws `MessageValidationError`, without the value, for anything else, and for numbers that are not finite, empty
 * strings and strings with lone surrogates.
 */
export function keyText(key: unknown): string {
  switch (typeof key) {
    case 'string':
      if (key === '') throw invalidKey('an empty string');
      if (!key.isWellFormed()) throw invalidKey('a string with a lone surrogate');
      return key;
    case 'number':
      if (!Number.isFinite(key)) throw invalidKey('a number that is not finite');
      return String(key);
    case 'bigint':
      return String(key);
    default:
      throw invalidKey(key === null ? 'null' : `of type ${typeof key}`);
  }
}

function invalidKey(found: string): MessageValidationError {
  return new MessageValidationError(
    `The key of a message must be a string that is not empty, a finite number or a bigint; this one is ${found}.`,
  );
}
