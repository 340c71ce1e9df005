import { SerializationError, StateSchemaError } from '../domain/errors.js';
import { ValueCopier } from '../state/copy-value.js';
import type { ErrorDetails } from '../domain/errors.js';
import type { Serializer } from '../state/serializer.js';
import { kindOf } from '../state/kind.js';
import { strictJson } from '../state/strict-json.js';
import { OUTERMOST } from '../state/path.js';
import type { StoredRecord, StoredState } from '../store/stored-consumer.js';
import type { StatePlan } from './state-plan.js';

/** Whom an error is about. */
export interface Context extends ErrorDetails {
  readonly stream: string;
  readonly consumer: string;
}

/** A consumer's attributes, read from the store and brought into present form. */
export interface RestoredValues {
  /** Every attribute that is stored, or that a migration made of what is stored. */
  readonly values: ReadonlyMap<string, unknown>;
  /** The attributes as they are stored. */
  readonly decoded: ReadonlyMap<string, unknown>;
  readonly version: number | undefined;
  readonly serializer: string | undefined;
  /** Whether the first commit must write all attributes anew: they were migrated, or are in another serializer. */
  readonly isOutdated: boolean;
}

/** What a consumer starts with that has never stored a state. */
export const NOTHING_STORED: RestoredValues = {
  values: new Map(),
  decoded: new Map(),
  version: undefined,
  serializer: undefined,
  isOutdated: false,
};

/**
 * Decodes stored attributes, migrates them if they are of a lower version, and checks that they fit what the code
 * declares. Changes nothing in the store: what was migrated is written by the first commit (G9).
 */
export function restoreValues(
  record: StoredRecord,
  state: StoredState,
  plan: StatePlan,
  context: Context,
): RestoredValues {
  const serializer = readerOf(record, plan, context);
  const decoded = decodeAll(state, serializer, plan, context);
  const isMigrated = needsMigration(state, plan, context);
  const isOutdated = isMigrated || serializer.name !== plan.serializer.name;
  const present = isMigrated ? migrate(decoded, state.version, plan, context) : decoded;
  refuseOtherKinds(present, plan, context);
  const values = isOutdated ? rewritten(present, plan, context) : present;
  return {
    values,
    decoded,
    version: state.version,
    serializer: serializer.name,
    isOutdated,
  };
}

/** Checks that states of keys can be read, each when it is needed: nothing else is known of them when a consumer starts. */
export function demandReadable(record: StoredRecord, state: StoredState, plan: StatePlan, context: Context): void {
  readerOf(record, plan, context);
  needsMigration(state, plan, context);
}

function readerOf(record: StoredRecord, plan: StatePlan, context: Context): Serializer {
  const name = record.serializer ?? plan.serializer.name;
  const serializer = [plan.serializer, ...plan.previousSerializers].find((one) => one.name === name);
  if (serializer !== undefined) return serializer;
  throw new StateSchemaError(
    `The state of consumer "${context.consumer}" is stored with serializer "${name}", but "${plan.serializer.name}" is set. ` +
      'Set that one, or list it in previousSerializers to read with it and write with the new one.',
    { ...context, serializer: name },
  );
}

function decodeAll(
  state: StoredState,
  serializer: Serializer,
  plan: StatePlan,
  context: Context,
): Map<string, unknown> {
  const decoded = new Map<string, unknown>();
  for (const [attribute, stored] of state.attributes) {
    try {
      const value = serializer.deserialize(stored);
      // What JSON gives, state can hold; of others' values that is found out here rather than by a handler.
      if (serializer !== strictJson) copied({ [attribute]: value }, plan);
      decoded.set(attribute, value);
    } catch (cause) {
      throw new SerializationError(
        `Stored attribute "${attribute}" of consumer "${context.consumer}" cannot be read. It was left as it is.`,
        { ...context, attribute },
        cause,
      );
    }
  }
  return decoded;
}

function needsMigration(state: StoredState, plan: StatePlan, context: Context): boolean {
  const stored = `The state of consumer "${context.consumer}" is stored in version ${state.version}`;
  if (!Number.isSafeInteger(state.version)) {
    throw new StateSchemaError(`${stored}, which is none: its hash was damaged. It was left as it is.`, context);
  }
  if (state.version > plan.version) {
    throw new StateSchemaError(
      `${stored}, which is newer than this code's stateVersion ${plan.version}: run the newer code.`,
      context,
    );
  }
  if (state.version < plan.version) {
    if (plan.migrate !== undefined) return true;
    throw new StateSchemaError(
      `${stored}, but stateVersion is ${plan.version}: give migrate, which turns the one into the other.`,
      context,
    );
  }
  const removed = state.declared.find((name) => !plan.tracked.declares(name));
  if (removed === undefined) return false;
  throw new StateSchemaError(
    `Attribute "${removed}" is stored for consumer "${context.consumer}", but not declared any more. ` +
      'Declare it again, or raise stateVersion and give migrate.',
    { ...context, attribute: removed },
  );
}

/** The migrated attributes, as a copy that holds only what state can hold. */
function migrate(
  decoded: ReadonlyMap<string, unknown>,
  from: number,
  plan: StatePlan,
  context: Context,
): Map<string, unknown> {
  try {
    const copy = copied(Object.fromEntries(decoded), plan);
    const migrated = plan.migrate!(copy, from);
    const attributes = copied(migrated, plan);
    if (Object.values(migrated).includes(undefined)) throw new TypeError('an attribute is undefined; use null');
    return new Map(Object.entries(attributes));
  } catch (cause) {
    throw new StateSchemaError(
      `The state of consumer "${context.consumer}" could not be migrated from version ${from} to ${plan.version}. It was left as it is.`,
      context,
      cause,
    );
  }
}

function copied(values: Record<string, unknown>, plan: StatePlan): Record<string, unknown> {
  if (typeof values !== 'object' || values === null || kindOf(values) !== 'plain object') {
    // That of an async migrate may reject, and nobody waits for it.
    if (values instanceof Promise) values.catch(() => {});
    throw new TypeError('migrate must return the attributes as a plain object, and not as a promise of one');
  }
  const copier = new ValueCopier(plan.serializer.undefinedProperties === 'deleted');
  return copier.copy(values, OUTERMOST, 'state', 0) as Record<string, unknown>;
}

/** The values as a later start will read them; what cannot be stored is refused now, before anybody is fenced for it. */
function rewritten(values: ReadonlyMap<string, unknown>, plan: StatePlan, context: Context): Map<string, unknown> {
  const { serializer } = plan;
  const result = new Map<string, unknown>();
  for (const [attribute, value] of values) {
    try {
      result.set(attribute, serializer.deserialize(serializer.serialize(value)));
    } catch (cause) {
      throw new StateSchemaError(
        `Attribute "${attribute}" of consumer "${context.consumer}" cannot be stored with serializer "${serializer.name}". ` +
          'The state was left as it is.',
        { ...context, attribute },
        cause,
      );
    }
  }
  return result;
}

function refuseOtherKinds(values: ReadonlyMap<string, unknown>, plan: StatePlan, context: Context): void {
  for (const [attribute, value] of values) {
    const problem = plan.tracked.kindProblem(attribute, value);
    if (problem === undefined) continue;
    throw new StateSchemaError(`Stored attribute "${attribute}" of consumer "${context.consumer}": ${problem}.`, {
      ...context,
      attribute,
    });
  }
}
