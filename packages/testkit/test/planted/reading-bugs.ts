import type { ReadRequest, StreamRead, StreamReader } from '@ars/core';
import { alteredStore, type PlantedBug } from './altered-store.js';

/** A bug in what a read answers. */
function readBug(
  bug: string,
  caughtBy: string,
  alter: (read: StreamRead, request: ReadRequest) => StreamRead,
): PlantedBug {
  const reader = (sound: StreamReader): Partial<StreamReader> => ({
    read: async (request) => (await sound.read(request)).map((read) => alter(read, request)),
  });
  return { bug, caughtBy, plant: (memory) => alteredStore(memory, { reader }) };
}

function locateBug(bug: string, caughtBy: string, locate: (sound: StreamReader) => StreamReader['locate']): PlantedBug {
  return { bug, caughtBy, plant: (memory) => alteredStore(memory, { reader: (sound) => ({ locate: locate(sound) }) }) };
}

/** A read that waits without being woken, and looks only when its time is over. */
const sleepy: PlantedBug = {
  bug: 'a waiting read looks only at its end',
  caughtBy: 'waiting: a waiting read is woken by an entry, also of a stream that was missing',
  plant: (memory) =>
    alteredStore(memory, {
      reader: (sound) => ({
        read: async (request) => {
          const first = await sound.read({ ...request, waitMs: 0 });
          if (request.waitMs === 0 || first.some(({ entries }) => entries.length > 0)) return first;
          await new Promise((resolve) => setTimeout(resolve, request.waitMs));
          return sound.read({ ...request, waitMs: 0 });
        },
      }),
    }),
};

const deafToClose: PlantedBug = {
  bug: 'closing does not end a waiting read',
  caughtBy: 'waiting: closing a reader ends its waiting read',
  plant: (memory) => alteredStore(memory, { reader: () => ({ close: () => {} }) }),
};

const tailOfDeleted: PlantedBug = {
  bug: 'the tail is the last ID that was given, whether it exists or not',
  caughtBy: 'appending: tails are of entries that exist',
  plant: (memory) =>
    alteredStore(memory, {
      store: { tail: async (streams) => streams.map((stream) => memory.streamInfo(stream)?.lastId ?? '0-0') },
    }),
};

/** Bugs of reading. */
export const READING_BUGS: readonly PlantedBug[] = [
  readBug(
    'a read skips an entry at its end',
    'reading: a read goes on where the last one ended, without a gap and without a repeat',
    (read) => ({
      ...read,
      entries: read.entries.length > 1 ? read.entries.slice(0, -1) : read.entries,
    }),
  ),
  readBug(
    'a read repeats the entry at the position',
    'reading: a read goes on where the last one ended, without a gap and without a repeat',
    (read) => {
      const last = read.entries.at(-2) ?? read.entries.at(-1);
      return { ...read, cursor: { ...read.cursor, position: last?.id ?? read.cursor.position } };
    },
  ),
  readBug(
    'the read counter is off by one',
    'reading: a read gives what follows the position, oldest first, and the cursor behind it',
    (read) => ({
      ...read,
      cursor: { ...read.cursor, read: Math.max(0, read.cursor.read - 1) },
    }),
  ),
  readBug('trimmed entries go unnoticed', 'loss: entries trimmed before they were read are counted, once', (read) => ({
    ...read,
    lost: 0,
    cursor: { ...read.cursor, read: read.cursor.read - read.lost },
  })),
  readBug(
    'a loss is told with each read',
    'loss: entries deleted further ahead are counted by the next read',
    (read) => ({
      ...read,
      cursor: { ...read.cursor, read: read.cursor.read - read.lost },
    }),
  ),
  readBug(
    'a read of no entries does not count',
    'loss: a read of no entries accounts for losses',
    (read, { maxEntries }) =>
      maxEntries === 0 ? { ...read, cursor: { ...read.cursor, read: read.cursor.read - read.lost } } : read,
  ),
  readBug(
    'a loss is told only with the next entry',
    'loss histories: every entry is read or counted as lost, once, whatever happens to the stream (1 of 8)',
    (read) =>
      read.entries.length > 0
        ? read
        : { ...read, lost: 0, cursor: { ...read.cursor, read: read.cursor.read - read.lost } },
  ),
  readBug(
    'a stream that was recreated goes unnoticed',
    'loss: a stream recreated with lower IDs is regressed',
    (read) => ({
      ...read,
      regressed: false,
    }),
  ),
  readBug('bytes become text', 'reading: text comes back as strings, what is not UTF-8 as its bytes', (read) => ({
    ...read,
    entries: read.entries.map(({ id, fields }) => ({
      id,
      fields: fields.map((field) => Buffer.from(field).toString()),
    })),
  })),
  readBug('fields become an object', 'reading: fields keep their order, repeated names too', (read) => ({
    ...read,
    entries: read.entries.map(({ id, fields }) => {
      const pairs = fields.flatMap((field, index) =>
        index % 2 === 0 ? [[String(field), fields[index + 1]!] as const] : [],
      );
      return { id, fields: Object.entries(Object.fromEntries(pairs)).flat() };
    }),
  })),
  readBug(
    'streams come back in another order',
    'reading: several streams give one result each, in the order asked',
    (read, { cursors }) => ({
      ...read,
      stream: [...cursors].sort((a, b) => (a.stream < b.stream ? -1 : 1))[0]!.stream,
    }),
  ),
  locateBug(
    'a start is exclusive',
    'locating: an ID is inclusive: the cursor is at the last entry before it',
    (sound) => async (stream, start) => {
      const cursor = await sound.locate(stream, start);
      if (typeof start === 'string') return cursor;
      const [read] = await sound.read({ cursors: [cursor], maxEntries: 1, maxBytes: 1_000, waitMs: 0 });
      return read!.cursor;
    },
  ),
  locateBug(
    'a start counts what vanished before it',
    'locating: what vanished before the start is never lost',
    (sound) => async (stream, start) => ({
      ...(await sound.locate(stream, start)),
      ...(start === 'beginning' ? { read: 0 } : {}),
    }),
  ),
  sleepy,
  deafToClose,
  tailOfDeleted,
];
