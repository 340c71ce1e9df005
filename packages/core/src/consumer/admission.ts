import { SerializationError, StateLostError, StateOwnershipError, StateSchemaError } from '../domain/errors.js';
import { kindProblem } from '../state/tracked-state.js';
import type { FailedAttempt, Inspection, StoredRecord, StoredState, StreamCursor } from '../store/stored-consumer.js';
import type { ConsumerAddress } from '../store/stream-store.js';
import type { StatePlan } from './state-plan.js';

/** Version of the stored layout that this library reads and writes. */
export const LAYOUT = '1';

/** What a consumer goes on from, decoded and found fit. */
export interface Checkpoint {
  /** `undefined` for a consumer that has never been claimed. */
  readonly commitId: string | undefined;
  readonly cursors: readonly StreamCursor[];
  /** Decoded attributes, only those that are stored. */
  readonly values: ReadonlyMap<string, unknown>;
  readonly attempt: FailedAttempt | undefined;
}

/**
 * Judges what is stored for a consumer before anything is written (PROTOCOL P1, P16): a record or state that vanished,
 * belongs to somebody else, or cannot be understood ends the start with an error and stays as it is.
 */
export function admit(inspection: Inspection, address: ConsumerAddress, plan: StatePlan | undefined): Checkpoint {
  const context = { stream: address.scope, consumer: address.consumerId };
  const { record, state } = inspection;
  if (record === undefined) {
    refuseOrphans(inspection, context);
    return { commitId: undefined, cursors: [], values: new Map(), attempt: undefined };
  }
  if (record.layout !== LAYOUT) {
    throw new StateSchemaError(
      `Consumer "${address.consumerId}" is stored in layout ${record.layout}; this version of @ars reads layout ${LAYOUT}.`,
      context,
    );
  }
  const values = admitState(record, state, plan, context);
  return { commitId: record.commitId, cursors: record.cursors, values, attempt: record.attempt };
}

type Context = { readonly stream: string; readonly consumer: string };

function refuseOrphans({ isRegistered, state }: Inspection, context: Context): void {
  if (state !== undefined && !state.isOwn) throw foreignState(state, context);
  if (!isRegistered && state === undefined) return;
  throw new StateLostError(
    `The record of consumer "${context.consumer}" is missing although its ${state === undefined ? 'registration' : 'state'} exists: ` +
      'it was evicted or deleted. Restore it, or delete the rest too to begin anew.',
    context,
  );
}

function admitState(
  record: StoredRecord,
  state: StoredState | undefined,
  plan: StatePlan | undefined,
  context: Context,
): ReadonlyMap<string, unknown> {
  if (plan === undefined) {
    if (record.stateCommit === undefined) return new Map();
    throw new StateSchemaError(`Consumer "${context.consumer}" has stored state, but declares none now.`, context);
  }
  if (state !== undefined && !state.isOwn) throw foreignState(state, context);
  if (state?.commitId !== record.stateCommit) {
    throw new StateLostError(
      `The stored state of consumer "${context.consumer}" ${state === undefined ? 'is missing' : 'is not the one its position belongs to'}: ` +
        'it was evicted, deleted, restored without its record, or its name (uniqueId) was changed.',
      context,
    );
  }
  return state === undefined ? new Map() : decode(record, state, plan, context);
}

function foreignState(state: StoredState, context: Context): StateOwnershipError {
  return new StateOwnershipError(
    `The state that consumer "${context.consumer}" names belongs to another one (${state.owner}): ` +
      "give each Persistable its own uniqueId, and keep a consumer's consumerId.",
    { ...context, owner: state.owner },
  );
}

function decode(record: StoredRecord, state: StoredState, plan: StatePlan, context: Context): Map<string, unknown> {
  refuseOtherSchema(record, state, plan, context);
  const defaults = plan.defaults();
  const values = new Map<string, unknown>();
  for (const [name, stored] of state.attributes) {
    const value = decodeAttribute(name, () => plan.serializer.deserialize(stored), context);
    const problem = name in defaults ? kindProblem(defaults[name], value) : undefined;
    if (problem !== undefined) {
      throw new StateSchemaError(`Stored attribute "${name}" of consumer "${context.consumer}": ${problem}.`, {
        ...context,
        attribute: name,
      });
    }
    values.set(name, value);
  }
  return values;
}

function refuseOtherSchema(record: StoredRecord, state: StoredState, plan: StatePlan, context: Context): void {
  if (record.serializer !== undefined && record.serializer !== plan.serializer.name) {
    throw new StateSchemaError(
      `The state of consumer "${context.consumer}" is stored with serializer "${record.serializer}", but "${plan.serializer.name}" is set.`,
      context,
    );
  }
  if (state.version !== plan.version) {
    throw new StateSchemaError(
      `The state of consumer "${context.consumer}" is stored in version ${state.version}, but stateVersion is ${plan.version}.`,
      context,
    );
  }
  const removed = state.declared.find((name) => !plan.tracked.declared.includes(name));
  if (removed !== undefined) {
    throw new StateSchemaError(
      `Attribute "${removed}" is stored for consumer "${context.consumer}", but not declared any more. Declare it again.`,
      { ...context, attribute: removed },
    );
  }
}

function decodeAttribute(name: string, read: () => unknown, context: Context): unknown {
  try {
    return read();
  } catch (cause) {
    throw new SerializationError(
      `Stored attribute "${name}" of consumer "${context.consumer}" cannot be read. It was left as it is.`,
      { ...context, attribute: name },
      cause,
    );
  }
}
