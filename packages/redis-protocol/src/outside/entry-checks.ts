import { CommitError, type StoredFields } from '@ars/core';
import type { KeyLayout } from '../key-layout.js';

/** Throws `CommitError` for a stream whose name is the library's own. */
export function refuseReserved(layout: KeyLayout, stream: string): void {
  if (!layout.isReserved(stream)) return;
  throw new CommitError(`'${stream}' is no stream of yours: names that begin with 'ars:{' are the library's`, {
    stream,
    reason: 'RESERVED',
  });
}

/** Throws for what cannot be appended from outside: `CommitError` for the stream, `TypeError` for the fields. */
export function checkEntry(layout: KeyLayout, stream: string, fields: StoredFields): void {
  refuseReserved(layout, stream);
  if (fields.length === 0 || fields.length % 2 === 1)
    throw new TypeError('an entry takes names and values in pairs, at least one');
}
