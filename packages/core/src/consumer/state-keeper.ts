import { isArsError, SerializationError } from '../domain/errors.js';
import type { StoredValue } from '../domain/fields.js';
import { demandStored } from '../state/serializer.js';
import type { Serializer } from '../state/serializer.js';
import type { StateChange } from '../store/commit.js';
import type { Batch } from '../transaction/batch.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { RestoredValues } from './restored-values.js';
import type { StatePlan } from './state-plan.js';

/**
 * What becomes of a consumer's state as messages are staged, committed and undone. One for each way of keeping state:
 * none, one object, one object a key.
 */
export interface StateKeeper {
  /** The present mark of the state's undo log; always 0 where there is no single one. */
  readonly mark: number;
  /** A message was handled: its changes belong to this batch. */
  add(batch: Batch, transaction: MessageTransaction): void;
  /** Takes back all that belongs to these batches, in order, and whatever was written since. */
  undo(batches: readonly Batch[]): void;
  /** What the batch changes, in stored form. Throws `SerializationError` when something cannot be stored. */
  change(batch: Batch): StateChange | undefined;
  /** The batch is committed, with this change: it can never be undone any more. */
  settle(batch: Batch, change: StateChange | undefined): void;
  /** Replaces everything by what is stored. */
  restart(values: RestoredValues): void;
}

/** For a consumer without state. */
export const NO_STATE_KEEPER: StateKeeper = {
  mark: 0,
  add: () => {},
  undo: () => {},
  change: () => undefined,
  settle: () => {},
  restart: () => {},
};

type StoredAttribute = readonly [attribute: string, value: StoredValue];

/** Keeps one state object: each attribute is stored by itself, and written only when it changed. */
export class WholeStateKeeper implements StateKeeper {
  readonly #plan: StatePlan;
  /** Attributes that the store does not hold yet, or not in their present form. */
  #unstored: Set<string> = new Set();
  #needsHeader = true;

  constructor(plan: StatePlan) {
    this.#plan = plan;
  }

  get mark(): number {
    return this.#plan.tracked.mark;
  }

  add(batch: Batch): void {
    batch.endMark = this.#plan.tracked.mark;
  }

  undo([first]: readonly Batch[]): void {
    if (first !== undefined) this.#plan.tracked.undoTo(first.startMark);
  }

  change(batch: Batch): StateChange | undefined {
    const { tracked, serializer, version } = this.#plan;
    const touched = tracked.changed(batch.startMark, batch.endMark);
    for (const name of this.#unstored) touched.add(name);
    if (touched.size === 0) return undefined;
    const header = this.#needsHeader ? { version, serializer: serializer.name, declared: tracked.declared } : undefined;
    return tracked.asOf(batch.endMark, (values) => {
      const set: StoredAttribute[] = [];
      const deleted: string[] = [];
      for (const name of touched) {
        const value = values[name];
        if (value === undefined && !(name in values)) deleted.push(name);
        else set.push([name, serialized(serializer, name, value)]);
      }
      return { header, set, deleted };
    });
  }

  settle(batch: Batch, change: StateChange | undefined): void {
    this.#plan.tracked.forget(batch.endMark);
    if (change === undefined) return;
    this.#needsHeader = false;
    this.#unstored.clear();
  }

  restart({ values, decoded, isOutdated }: RestoredValues): void {
    this.#plan.tracked.restore(values);
    this.#needsHeader = true;
    this.#unstored = new Set(this.#plan.tracked.declared);
    for (const name of values.keys()) this.#unstored.delete(name);
    if (isOutdated) for (const name of [...values.keys(), ...decoded.keys()]) this.#unstored.add(name);
  }
}

function serialized(serializer: Serializer, name: string, value: unknown): StoredValue {
  try {
    return demandStored(serializer, serializer.serialize(value));
  } catch (error) {
    const { path, why } = located(name, error);
    throw new SerializationError(`State cannot be stored: ${path} ${why}`, { attribute: name, path }, error);
  }
}

/** Where in the state a value is that cannot be stored, and why, from what a serializer says of the attribute. */
function located(name: string, error: unknown): { readonly path: string; readonly why: string } {
  const inner = isArsError(error) ? error.details['path'] : undefined;
  if (!isArsError(error) || typeof inner !== 'string') return { path: name, why: 'could not be serialized.' };
  const subject = inner === '' ? 'the value' : inner;
  const why = error.message.startsWith(subject) ? error.message.slice(subject.length).trim() : `: ${error.message}`;
  const separator = inner === '' || inner.startsWith('[') ? '' : '.';
  return { path: `${name}${separator}${inner}`, why };
}
