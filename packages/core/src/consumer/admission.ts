import { StateLostError, StateOwnershipError, StateSchemaError } from '../domain/errors.js';
import type { FailedAttempt, Inspection, StoredRecord, StoredState, StreamCursor } from '../store/stored-consumer.js';
import type { ConsumerAddress } from '../store/consumer-address.js';
import { demandReadable, NOTHING_STORED, restoreValues } from './restored-values.js';
import type { Context, RestoredValues } from './restored-values.js';
import type { StatePlan } from './state-plan.js';

/** Version of the stored layout that this library reads and writes. */
export const LAYOUT = '1';

/** What a consumer goes on from, decoded and found fit. */
export interface Checkpoint {
  /** `undefined` for a consumer that has never been claimed. */
  readonly commitId: string | undefined;
  readonly cursors: readonly StreamCursor[];
  readonly values: RestoredValues;
  readonly attempt: FailedAttempt | undefined;
  /** The message that the last owner was about to handle under suspicion, if it left the mark. */
  readonly suspect: FailedAttempt | undefined;
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
    return { commitId: undefined, cursors: [], values: NOTHING_STORED, attempt: undefined, suspect: undefined };
  }
  if (record.layout !== LAYOUT) {
    throw new StateSchemaError(
      `Consumer "${address.consumerId}" is stored in layout ${record.layout}; this version of @ars reads layout ${LAYOUT}.`,
      context,
    );
  }
  const values = admitState(record, state, plan, address.isKeyed, context);
  const { commitId, cursors, attempt, suspect } = record;
  return { commitId, cursors, values, attempt, suspect };
}

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
  isKeyed: boolean,
  context: Context,
): RestoredValues {
  if (plan === undefined) {
    if (record.stateCommit === undefined) return NOTHING_STORED;
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
  if (state === undefined) return NOTHING_STORED;
  if (!isKeyed) return restoreValues(record, state, plan, context);
  demandReadable(record, state, plan, context);
  return NOTHING_STORED;
}

function foreignState(state: StoredState, context: Context): StateOwnershipError {
  return new StateOwnershipError(
    `The state that consumer "${context.consumer}" names belongs to another one (${state.owner}): ` +
      "give each Persistable its own uniqueId, and keep a consumer's consumerId.",
    { ...context, owner: state.owner },
  );
}
