import type { Inspection, StoredRecord, StoredState } from '@ars/core';

/** What an inspection tells by the contract, without what a store may add, and without signs of life. */
export function inspected({ record, isRegistered, state }: Inspection): Inspection {
  return { record: record && recordOf(record), isRegistered, state: state && stateOf(state) };
}

function recordOf(record: StoredRecord): StoredRecord {
  const { layout, epoch, owner, commitId, cursors, stateCommit, serializer, attempt, suspect } = record;
  const checkpoint = { commitId, cursors, stateCommit, serializer, attempt, suspect };
  return { layout, epoch, owner, heartbeat: 0, quietMs: 0, ...checkpoint };
}

function stateOf({ owner, isOwn, commitId, version, declared, attributes }: StoredState): StoredState {
  return { owner, isOwn, commitId, version, declared, attributes };
}
