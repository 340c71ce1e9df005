import type { ConsumerAddress, StateChange, StateHeader, StoredState, StoredValue } from '@ars/core';
import { KeyedValues } from './keyed-values.js';
import { copiedValue, storedValue } from '../streams/stored-content.js';

/** A consumer's state as the store keeps it; byte values in it belong to the store alone. */
export interface ConsumerState {
  /** Name of the record that owns it. */
  readonly owner: string;
  readonly consumerId: string;
  /** The commit that wrote it last. */
  commitId: string;
  header: StateHeader;
  /** By attribute, or by key for keyed state. */
  readonly attributes: Map<string, StoredValue> | KeyedValues;
}

/** State of a record that has none yet. */
export function newState(owner: string, address: ConsumerAddress, header: StateHeader): ConsumerState {
  const attributes = address.isKeyed ? new KeyedValues() : new Map<string, StoredValue>();
  return { owner, consumerId: address.consumerId, commitId: '', header, attributes };
}

/** Writes a change into a state, in place, so that a commit costs what it changes and not what there is. */
export function changeState(state: ConsumerState, change: StateChange, commitId: string): void {
  state.commitId = commitId;
  if (change.header !== undefined) state.header = { ...change.header, declared: [...change.header.declared] };
  for (const attribute of change.deleted) state.attributes.delete(attribute);
  for (const [attribute, value] of change.set) state.attributes.set(attribute, storedValue(value));
}

/** The state as `inspect` and `claim` answer it to the consumer of a record: a copy, bytes too; without keyed values. */
export function answeredState(state: ConsumerState, record: string): StoredState {
  return {
    owner: state.owner,
    isOwn: state.owner === record,
    commitId: state.commitId,
    version: state.header.version,
    declared: [...state.header.declared],
    attributes: state.attributes instanceof KeyedValues ? new Map() : copied(state.attributes),
  };
}

/** The same state with a life of its own. */
export function copyState(state: ConsumerState): ConsumerState {
  const { attributes } = state;
  return { ...state, attributes: attributes instanceof KeyedValues ? attributes.copy() : copied(attributes) };
}

function copied(attributes: ReadonlyMap<string, StoredValue>): Map<string, StoredValue> {
  return new Map(Array.from(attributes, ([attribute, value]) => [attribute, copiedValue(value)]));
}
