import type { StoredValue } from '../domain/fields.js';

/**
 * The stored states of some keys, `undefined` for those that have none, in the order asked; or why the caller must not
 * use them: `fenced` – another token owns the consumer; `gone` – the record, or the state it wrote, is missing.
 */
export type LoadAnswer =
  | { readonly outcome: 'loaded'; readonly values: readonly (StoredValue | undefined)[] }
  | { readonly outcome: 'fenced' }
  | { readonly outcome: 'gone'; readonly what: 'record' | 'state' };

/** A part of all keys' stored states. A key that was there all the time comes at least once. */
export interface StatePage {
  readonly states: readonly (readonly [key: string, value: StoredValue])[];
  /** Where to go on; `undefined` after the last page. */
  readonly next: string | undefined;
}
