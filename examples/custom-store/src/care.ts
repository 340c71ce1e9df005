import * as ars from '@ars/core';
import type { Change } from './content.js';
import type { Database } from './database.js';

/** One call removes so many entries at most, so that nobody waits for long. */
const TRIM_MAX = 10_000;

/** How a consumer's record is named, and the consumer in registries. */
export function recordName({ home, scope, consumerId }: ars.ConsumerAddress): string {
  return JSON.stringify([home, scope, consumerId]);
}

/** How registries name a consumer that commits elsewhere: never like a record. */
function foreignName(address: ars.ConsumerAddress): string {
  return `elsewhere ${recordName(address)}`;
}

function checkRetention(retention: ars.Retention): void {
  if (retention === 'consumed') return;
  const bound = 'maxLength' in retention ? retention.maxLength : retention.maxAge;
  if (Number.isFinite(bound) && bound >= 0) return;
  throw new ars.ConfigurationError('A maxLength or maxAge is a number from 0 on.', { option: 'retention' });
}

/** What is done to streams and their registries from outside transactions: each a look, then one line of the journal. */
export function createCare(database: Database): ars.StreamCare {
  const { content } = database;
  const positionsIn = (stream: string): ars.EntryId[] => [...(content.registries.get(stream)?.values() ?? [])];
  return {
    async trim(stream, retention) {
      database.check();
      checkRetention(retention);
      const { entries } = content.stream(stream);
      const positions = positionsIn(stream);
      const isUnwanted = ({ id }: ars.StoredEntry, index: number): boolean => {
        if (retention === 'consumed') return positions.length > 0;
        if ('maxLength' in retention) return index < entries.length - retention.maxLength;
        return Number(id.split('-')[0]) <= Date.now() - retention.maxAge;
      };
      const isConsumed = ({ id }: ars.StoredEntry): boolean =>
        positions.every((position) => ars.compareIds(id, position) < 0);
      const gone = entries.filter((entry, index) => isUnwanted(entry, index) && isConsumed(entry)).slice(0, TRIM_MAX);
      if (gone.length > 0) database.write({ removed: [stream, gone.map(({ id }) => id)] });
      return gone.length;
    },
    async consumers(stream) {
      database.check();
      return Array.from(content.registries.get(stream) ?? [], ([name, position]) => ({ name, position }));
    },
    async register(address, cursors) {
      database.check();
      const name = foreignName(address);
      database.write({ registered: cursors.map(({ stream, position }) => [stream, name, position]) });
    },
    async unregister(address) {
      database.check();
      const names = [recordName(address), foreignName(address)];
      const listed: NonNullable<Change['unregistered']> = address.streams.flatMap((stream) =>
        names.filter((name) => content.registries.get(stream)?.has(name)).map((name) => [stream, name] as const),
      );
      if (listed.length > 0) database.write({ unregistered: listed });
      return listed.length > 0;
    },
    async move({ from, to, entries }) {
      database.check();
      if (from === to) throw new TypeError('Entries are moved from one stream to another.');
      const ids = new Set(content.stream(from).entries.map(({ id }) => id));
      const positions = positionsIn(from);
      const present = entries.filter(({ id }) => ids.has(id));
      const free = present.filter(({ id }) => positions.every((position) => ars.compareIds(id, position) <= 0));
      const appended = database.placed(free.map(({ fields }) => ({ stream: to, fields })));
      if (free.length > 0) database.write({ appended, removed: [from, free.map(({ id }) => id)] });
      return { moved: free.length, held: present.length - free.length };
    },
  };
}
