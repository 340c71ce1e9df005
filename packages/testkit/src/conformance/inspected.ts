import type { Inspection, StoredRecord, StoredState } from '@ars/core';

/** What an inspection tells by the contract, without what a store may add, and without the time. */
export function inspected({ record, isRegistered, state }: Inspection): Inspection {
  return { record: record && recordOf(record), isRegistered, state: state && stateOf(state) };
}

function recordOf(record: StoredRecord): StoredRecord {
  const { layout, epoch, owner, commitId, cursors, stateCommit, serializer, attempt } = record;
  return { layout, epoch, owner, quietMs: 0, commitId, cursors, stateCommit, serializer, attempt };
}

function stateOf({ owner, isOwn, commitId, version, declared, attributes }: StoredState): StoredState {
  return { owner, isOwn, commitId, version, declared, attributes };
}
