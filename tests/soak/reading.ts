import type { Redis } from 'ioredis';

/** Fields of an entry, all text here. */
export type Fields = Record<string, string>;

/** A stream as it is read bit by bit. */
export interface Bookmark {
  readonly stream: string;
  /** The last entry read. */
  lastId: string;
  /** Entries read so far. */
  count: number;
}

/** Reads what is new in a stream, and moves the bookmark. */
export async function readNew(client: Redis, bookmark: Bookmark): Promise<Fields[]> {
  const found: Fields[] = [];
  for (;;) {
    const page = await client.xrange(
      bookmark.stream,
      bookmark.lastId === '0-0' ? '-' : `(${bookmark.lastId}`,
      '+',
      'COUNT',
      2_000,
    );
    for (const [, flat] of page) found.push(fieldsOf(flat));
    bookmark.count += page.length;
    bookmark.lastId = page.at(-1)?.[0] ?? bookmark.lastId;
    if (page.length < 2_000) return found;
  }
}

/** The ID of a stream's last entry; `0-0` for an empty or missing one. */
export async function lastIdOf(client: Redis, stream: string): Promise<string> {
  return (await client.xrevrange(stream, '+', '-', 'COUNT', 1))[0]?.[0] ?? '0-0';
}

/** How many entries were ever added to a stream, which shows those that were written and taken back. */
export async function everAdded(client: Redis, stream: string): Promise<number> {
  if ((await client.exists(stream)) === 0) return 0;
  const flat = (await client.xinfo('STREAM', stream)) as unknown[];
  return Number(flat[flat.indexOf('entries-added') + 1]);
}

function fieldsOf(flat: readonly string[]): Fields {
  const fields: Fields = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  return fields;
}

const encode = (part: string): string =>
  part.replace(/[:{}%]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);

/** What a consumer is stored under. */
export interface StoredAs {
  readonly consumerId: string;
  readonly streams: readonly string[];
  readonly home: string;
  readonly isKeyed: boolean;
}

/** The keys of a consumer, as docs/protocol.md has them. */
export function keysOf({ consumerId, streams, home, isKeyed }: StoredAs): { record: string; state: string } {
  const name = `${streams.length > 1 ? '*' : encode(streams[0]!)}:${encode(consumerId)}`;
  return { record: `ars:{${home}}:consumer:${name}`, state: `ars:{${home}}:${isKeyed ? 'keyed' : 'state'}:${name}` };
}

/** The key that lists the consumers of a stream. */
export function registryOf(stream: string): string {
  return `ars:{${stream}}:consumers:${encode(stream)}`;
}
