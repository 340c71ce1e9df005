import { once } from 'node:events';
import * as ars from '@ars/core';
import { createCare } from './care.js';
import type { Change } from './content.js';
import { Database } from './database.js';
import { createHome } from './file-home.js';

/** A store in a file, and what its operator does to it beside the library. */
export interface FileStore extends ars.StreamStore {
  write(change: Change): void;
}

/** Opens a store in one file, which no other process may have open. What it has answered is on the disk. */
export function openFileStore(path: string): FileStore {
  const database = new Database(path);
  const { content } = database;
  return {
    ...createCare(database),
    name: `file:${path}`,
    durability: ['fsync'],
    write: (change) => database.write(change),
    async openReader() {
      database.check();
      return createReader(database);
    },
    async openHome(address) {
      database.check();
      return createHome(database, address);
    },
    async append({ stream, fields, idempotencyKey }) {
      database.check();
      const key = JSON.stringify([stream, idempotencyKey]);
      const known = content.keys.get(key);
      if (known !== undefined) return { id: known, isRepeat: true };
      const appended = database.placed([{ stream, fields }]);
      const id = appended[0]![1];
      database.write(idempotencyKey === undefined ? { appended } : { appended, key: [key, id] });
      return { id, isRepeat: false };
    },
    async tail(streams) {
      database.check();
      return streams.map((stream) => content.stream(stream).entries.at(-1)?.id ?? '0-0');
    },
    placementProblem: () => undefined,
    async audit() {
      database.check();
      return []; // every step is synced, and nothing is evicted
    },
    close: async () => database.close(),
  };
}

/** Reads streams for one consumer. */
function createReader(database: Database): ars.StreamReader {
  const { content, history } = database;
  const closing = new AbortController();
  return {
    history,
    async locate(stream, start) {
      database.check(closing.signal.aborted);
      const { entries, added, lastId } = content.stream(stream);
      if (added > 0 && typeof start !== 'string' && ars.compareIds(start.fromId, lastId) > 0) {
        throw new ars.ConfigurationError(`startFrom ${start.fromId} is ahead of "${stream}", which ends at ${lastId}.`);
      }
      const isBefore = ({ id }: ars.StoredEntry): boolean =>
        typeof start === 'string' ? start === 'end' : ars.compareIds(id, start.fromId) < 0;
      const before = entries.filter(isBefore);
      return { stream, position: before.at(-1)?.id ?? '0-0', read: added - entries.length + before.length };
    },
    async read({ cursors, maxEntries, maxBytes, waitMs }) {
      const time = waitMs > 0 ? AbortSignal.timeout(waitMs) : AbortSignal.abort();
      const signal = AbortSignal.any([closing.signal, time]);
      for (;;) {
        database.check(closing.signal.aborted);
        const reads = cursors.map((cursor) =>
          content.stream(cursor.stream).read(cursor, maxEntries, maxBytes / cursors.length),
        );
        const hasNews = reads.some(({ entries, lost, regressed }) => entries.length + lost > 0 || regressed);
        if (hasNews || signal.aborted) return reads;
        await once(database, 'change', { signal }).catch(() => {});
      }
    },
    close: () => closing.abort(),
  };
}
