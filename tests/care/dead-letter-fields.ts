import type { StoredEntry, StoredFields, StreamStore } from '@ars/core';

/** What a test says of a dead letter; the rest does not matter to it. */
export interface LetterFacts {
  readonly stream: string;
  readonly id?: string;
  readonly reason?: string;
  readonly attempts?: number;
}

/** The fields of a dead letter as docs/dead-letters.md defines them, written down a second time on purpose. */
export function deadLetter(
  original: StoredFields,
  { stream, id = '7-0', reason = 'boom', attempts = 5 }: LetterFacts,
): StoredFields {
  return [
    ...original,
    'ars:reason', reason, 'ars:code', 'ARS_HANDLER', 'ars:attempts', String(attempts), 'ars:consumer', 'billing',
    'ars:stream', stream, 'ars:id', id, 'ars:time', '1700000000000',
  ]; // prettier-ignore
}

/** Everything in a stream, in stored form. */
export async function storedEntries(store: StreamStore, stream: string): Promise<readonly StoredEntry[]> {
  const reader = await store.openReader([stream]);
  try {
    const cursor = await reader.locate(stream, 'beginning');
    const [read] = await reader.read({ cursors: [cursor], maxEntries: 10_000, maxBytes: 2 ** 30, waitMs: 0 });
    return read!.entries;
  } finally {
    reader.close();
  }
}
