import * as ars from '@ars/core';
import { recordName } from './care.js';
import type { Change, FileRecord } from './content.js';
import { type Database, stored } from './database.js';

/** Where one consumer commits. Each method checks everything, then writes one line of the journal, without a pause. */
export function createHome(database: Database, address: ars.ConsumerAddress): ars.ConsumerHome {
  const { content, history } = database;
  const name = recordName(address);
  const stateName = stateNameOf(address);
  let isClosed = false;

  const recordNow = (): FileRecord | undefined => {
    database.check(isClosed);
    return content.records.get(name);
  };
  const write = (record: Omit<FileRecord, 'seenMs'>, rest: Change = {}): void =>
    database.write({ ...rest, record: [name, { ...record, seenMs: Date.now(), heartbeat: record.heartbeat + 1 }] });
  const listed = (cursors: readonly ars.StreamCursor[]): NonNullable<Change['registered']> =>
    address.readsHere ? cursors.map(({ stream, position }) => [stream, name, position] as const) : [];
  const isListed = (stream: string): boolean => address.readsHere && content.registries.get(stream)?.has(name) === true;
  const isHeld = (record: FileRecord | undefined, { owner, renewal }: ars.Token): record is FileRecord =>
    owner !== '' && record?.owner === owner && record.renewal === renewal;
  /** A stream that has not come to the position which a commit moves to is not the one that was read. */
  const isBehind = ({ stream, position, read }: ars.StreamCursor): boolean =>
    ars.compareIds(position, content.stream(stream).lastId) > 0 || read > content.stream(stream).added;
  /** The keys and their states; only keyed state is loaded by key. */
  const states = (): ReadonlyMap<string, ars.StoredValue> => {
    if (!address.isKeyed || stateName === null) throw new TypeError('This consumer has no keyed state.');
    return content.states.get(stateName)?.attributes ?? new Map();
  };
  /** The state, if it is this consumer's; the record tells which commit must have written it. */
  const ownState = (): ReturnType<typeof content.states.get> => {
    const state = content.states.get(stateName ?? '');
    if (state === undefined || state.owner === name) return state;
    throw new ars.StateOwnershipError(`The state is that of ${state.owner}.`);
  };

  const home: ars.ConsumerHome = {
    history,
    async inspect() {
      const record = recordNow();
      const state = content.states.get(stateName ?? '');
      return {
        record: record && { ...record, quietMs: Math.max(0, Date.now() - record.seenMs) },
        isRegistered: address.streams.some(isListed),
        state: state && {
          ...state,
          isOwn: state.owner === name,
          attributes: address.isKeyed ? new Map() : state.attributes,
        },
      };
    },
    async claim({ owner, expectedEpoch, ownEpoch, starts }) {
      const record = recordNow();
      if (record?.owner !== owner) {
        if ((record?.epoch ?? 0) !== expectedEpoch) return { outcome: 'conflict' };
        const first = { layout: '1', commitId: owner, heartbeat: 0 } as FileRecord;
        const epoch = Math.max(expectedEpoch, ownEpoch) + 1;
        const cursors = merged(starts, record?.cursors ?? []);
        const isNew = ({ stream }: ars.StreamCursor): boolean => address.streams.includes(stream) && !isListed(stream);
        const registered = listed(cursors.filter(isNew));
        write({ ...first, ...record, owner, epoch, renewal: 0, cursors }, { registered });
      }
      return { outcome: 'claimed', epoch: recordNow()!.epoch, inspection: await home.inspect() };
    },
    async renew({ owner, renewal }) {
      const record = recordNow();
      if (record === undefined) return { outcome: 'gone' };
      if (record.owner !== owner || renewal < record.renewal) return { outcome: 'fenced', epoch: record.epoch };
      write({ ...record, renewal });
      return { outcome: 'held', commitId: record.commitId };
    },
    async commit(token, { commitId, base, cursors, state, publishes, attempt, suspect }) {
      const record = recordNow();
      if (record === undefined) return { outcome: 'gone', what: 'record' };
      if (!isHeld(record, token)) return { outcome: 'fenced' };
      if (record.commitId === commitId) return { outcome: 'already' };
      if (record.commitId !== base || (address.readsHere && cursors.some(isBehind))) return { outcome: 'stale' };
      const before = ownState();
      if (before?.commitId !== record.stateCommit) return { outcome: 'gone', what: 'state' };
      const appended = database.placed(publishes); // throws for a stream without IDs left: nothing is written yet
      const next = { ...record, commitId, attempt, suspect, cursors: merged(record.cursors, cursors) };
      const rest = { appended, registered: listed(cursors) };
      if (state === undefined || stateName === null) write(next, rest);
      else {
        const { version, declared } = state.header ?? before!;
        const set = state.set.map(([attribute, value]) => [attribute, stored(value)] as const);
        const change = { owner: name, commitId, version, declared, set, deleted: state.deleted };
        const serializer = state.header?.serializer ?? record.serializer;
        write({ ...next, stateCommit: commitId, serializer }, { ...rest, state: [stateName, change] });
      }
      return { outcome: 'committed' };
    },
    async release(token) {
      const record = recordNow();
      if (isHeld(record, token)) write({ ...record, owner: '', suspect: undefined });
    },
    async glance() {
      const record = recordNow();
      return record && { owner: record.owner, epoch: record.epoch, heartbeat: record.heartbeat };
    },
    async persist(_token, { replicas }) {
      database.check(isClosed);
      if (replicas === 0) return true; // every line is on the disk before it is answered
      throw new ars.ConfigurationError('A file has no replicas.', { option: 'durability' });
    },
    async load(token, keys) {
      const record = recordNow();
      if (record === undefined) return { outcome: 'gone', what: 'record' };
      if (!isHeld(record, token)) return { outcome: 'fenced' };
      const found = states();
      if (ownState()?.commitId !== record.stateCommit) return { outcome: 'gone', what: 'state' };
      return { outcome: 'loaded', values: keys.map((key) => found.get(key)) };
    },
    /** In the order of the keys, so that a page goes on behind the last key, whatever has been committed meanwhile. */
    async scan(from, count) {
      database.check(isClosed);
      const found = states();
      const left = [...found.keys()].filter((key) => from === undefined || key > from).sort();
      const page = left.slice(0, count);
      return { states: page.map((key) => [key, found.get(key)!]), next: left.length > count ? page.at(-1) : undefined };
    },
    close() {
      isClosed = true;
    },
  };
  return home;
}

/** A name of its own for each state and kind of state; `null` for a consumer without one. */
function stateNameOf(address: ars.ConsumerAddress): string | null {
  const { home, stateName, isKeyed } = address;
  if (stateName === null) return null;
  return `${isKeyed ? 'keyed ' : ''}${stateName === undefined ? recordName(address) : JSON.stringify([home, stateName])}`;
}

/** Cursors by stream; the later ones win. */
function merged(earlier: readonly ars.StreamCursor[], later: readonly ars.StreamCursor[]): ars.StreamCursor[] {
  return [...new Map([...earlier, ...later].map((cursor) => [cursor.stream, cursor])).values()];
}
