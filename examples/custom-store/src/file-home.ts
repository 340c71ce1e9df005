import * as ars from '@ars/core';
import type { Change, FileRecord } from './content.js';
import { type Database, stored } from './database.js';

/** Where one consumer commits. Each method checks everything, then writes one line of the journal, without a pause. */
export function createHome(database: Database, address: ars.ConsumerAddress): ars.ConsumerHome {
  const { content, history } = database;
  const name = JSON.stringify([address.home, address.scope, address.consumerId]);
  const stateName =
    address.stateName === undefined ? name : address.stateName && JSON.stringify([address.home, address.stateName]);
  const reads = address.readsHere ? address.streams : [];
  let isClosed = false;

  const recordNow = (): FileRecord | undefined => {
    database.check(isClosed);
    return content.records.get(name);
  };
  const write = (record: Omit<FileRecord, 'seenMs' | 'reads'>, rest: Change = {}): void =>
    database.write({ ...rest, record: [name, { ...record, seenMs: Date.now(), reads }] });
  const isHeld = (record: FileRecord | undefined, { owner, renewal }: ars.Token): record is FileRecord =>
    owner !== '' && record?.owner === owner && record.renewal === renewal;
  /** A stream that has not come to the position which a commit moves to is not the one that was read. */
  const isBehind = ({ stream, position, read }: ars.StreamCursor): boolean =>
    ars.compareIds(position, content.stream(stream).lastId) > 0 || read > content.stream(stream).added;

  const home: ars.ConsumerHome = {
    history,
    async inspect() {
      const record = recordNow();
      const state = content.states.get(stateName ?? '');
      return {
        record: record && { ...record, quietMs: Math.max(0, Date.now() - record.seenMs) },
        isRegistered: reads.some((stream) => record?.reads.includes(stream)),
        state: state && { ...state, isOwn: state.owner === name },
      };
    },
    async claim({ owner, expectedEpoch, ownEpoch, starts }) {
      const record = recordNow();
      if (record?.owner !== owner) {
        if ((record?.epoch ?? 0) !== expectedEpoch) return { outcome: 'conflict' };
        const first = { layout: '1', commitId: owner } as FileRecord;
        const epoch = Math.max(expectedEpoch, ownEpoch) + 1;
        write({ ...first, ...record, owner, epoch, renewal: 0, cursors: merged(starts, record?.cursors ?? []) });
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
    async commit(token, { commitId, base, cursors, state, publishes, attempt }) {
      const record = recordNow();
      if (record === undefined) return { outcome: 'gone', what: 'record' };
      if (!isHeld(record, token)) return { outcome: 'fenced' };
      if (record.commitId === commitId) return { outcome: 'already' };
      if (record.commitId !== base || (address.readsHere && cursors.some(isBehind))) return { outcome: 'stale' };
      const before = content.states.get(stateName ?? '');
      if (before !== undefined && before.owner !== name)
        throw new ars.StateOwnershipError(`The state is that of ${before.owner}.`);
      if (before?.commitId !== record.stateCommit) return { outcome: 'gone', what: 'state' };
      const appended = database.placed(publishes); // throws for a stream without IDs left: nothing is written yet
      const next = { ...record, commitId, attempt, cursors: merged(record.cursors, cursors) };
      if (state === undefined || stateName === null) write(next, { appended });
      else {
        const { version, declared } = state.header ?? before!;
        const set = state.set.map(([attribute, value]) => [attribute, stored(value)] as const);
        const change = { owner: name, commitId, version, declared, set, deleted: state.deleted };
        const serializer = state.header?.serializer ?? record.serializer;
        write({ ...next, stateCommit: commitId, serializer }, { appended, state: [stateName, change] });
      }
      return { outcome: 'committed' };
    },
    async release(token) {
      const record = recordNow();
      if (isHeld(record, token)) write({ ...record, owner: '' });
    },
    close() {
      isClosed = true;
    },
  };
  return home;
}

/** Cursors by stream; the later ones win. */
function merged(earlier: readonly ars.StreamCursor[], later: readonly ars.StreamCursor[]): ars.StreamCursor[] {
  return [...new Map([...earlier, ...later].map((cursor) => [cursor.stream, cursor])).values()];
}
