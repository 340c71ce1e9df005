import type { StateChange, StateHeader, StoredState, StoredValue } from '@ars/core';
import { copiedValue, storedValue } from '../streams/stored-content.js';

/** A consumer's state as the store keeps it; byte values in it belong to the store alone. */
export interface ConsumerState {
  /** Name of the record that owns it. */
  readonly owner: string;
  readonly consumerId: string;
  /** The commit that wrote it last. */
  commitId: string;
  header: StateHeader;
  readonly attributes: Map<string, StoredValue>;
}

/** State of a record that has none yet. */
export function newState(owner: string, consumerId: string, header: StateHeader): ConsumerState {
  return { owner, consumerId, commitId: '', header, attributes: new Map() };
}

/** Writes a change into a state, in place, so that a commit costs what it changes and not what there is. */
export function changeState(state: ConsumerState, change: StateChange, commitId: string): void {
  state.commitId = commitId;
  if (change.header !== undefined) state.header = { ...change.header, declared: [...change.header.declared] };
  for (const attribute of change.deleted) state.attributes.delete(attribute);
  for (const [attribute, value] of change.set) state.attributes.set(attribute, storedValue(value));
}

/** The state as `inspect` and `claim` answer it to the consumer of a record: a copy, bytes too. */
export function answeredState(state: ConsumerState, record: string): StoredState {
  return {
    owner: state.owner,
    isOwn: state.owner === record,
    commitId: state.commitId,
    version: state.header.version,
    declared: [...state.header.declared],
    attributes: new Map(copiedEntries(state)),
  };
}

/** The same state with a life of its own. */
export function copyState(state: ConsumerState): ConsumerState {
  return { ...state, attributes: new Map(copiedEntries(state)) };
}

function copiedEntries({ attributes }: ConsumerState): [string, StoredValue][] {
  return Array.from(attributes, ([attribute, value]) => [attribute, copiedValue(value)]);
}
