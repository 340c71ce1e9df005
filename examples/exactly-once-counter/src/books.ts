import { Redis } from 'ioredis';
import type { Streams } from './streams.js';

/** The fields of an entry. */
export type Entry = Readonly<Record<string, string>>;

/** All that is there at the end of a run. */
export interface Books {
  readonly orders: readonly Entry[];
  readonly payments: readonly Entry[];
  readonly ledger: readonly Entry[];
  readonly statements: readonly Entry[];
  /** The state of `payments`: what each account has paid. */
  readonly paid: ReadonlyMap<string, number>;
}

/** Reads the books with a plain client: nothing of `@ars` looks at what `@ars` has written. */
export async function readBooks(url: string, streams: Streams): Promise<Books> {
  const client = new Redis(url);
  const read = async (stream: string): Promise<Entry[]> => {
    const entries: Entry[] = [];
    for (let from = '-'; ;) {
      const page = await client.xrange(stream, from, '+', 'COUNT', 1_000);
      for (const [, flat] of page) entries.push(entryOf(flat));
      if (page.length < 1_000) return entries;
      from = `(${page.at(-1)![0]}`;
    }
  };
  const stored = await client.hgetall(`ars:{${streams.orders}}:keyed:${streams.orders}:payments`);
  const books = {
    orders: await read(streams.orders),
    payments: await read(streams.payments),
    ledger: await read(streams.ledger),
    statements: await read(streams.statements),
    paid: new Map(
      Object.entries(stored).flatMap(([field, value]) => (field.startsWith('a:') ? [totalOf(field, value)] : [])),
    ),
  };
  client.disconnect();
  return books;
}

/** The state of one key: `a:<key>` → `<version>,<expiry>,<serializer>,<JSON>`. */
function totalOf(field: string, value: string): [account: string, total: number] {
  const { total } = JSON.parse(value.split(',').slice(3).join(',')) as { total: number };
  return [field.slice('a:'.length), total];
}

function entryOf(flat: readonly string[]): Entry {
  const entry: Record<string, string> = {};
  for (let i = 0; i < flat.length; i += 2) entry[flat[i]!] = flat[i + 1]!;
  return entry;
}
