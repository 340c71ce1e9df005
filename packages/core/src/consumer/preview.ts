import type { StoredValue } from '../domain/fields.js';
import type { StreamCursor } from '../store/stored-consumer.js';
import { admit } from './admission.js';
import type { ConsumerPlan } from './plan.js';
import type { RestoredValues } from './restored-values.js';
import { openSession } from './session.js';
import type { StatePlan } from './state-plan.js';

/** What starting a consumer would find and do, without doing it. */
export interface StartPreview {
  /** Whether the consumer has ever been started. */
  readonly exists: boolean;
  /** Whether an owner holds it that has not released it; starting would fence that owner. */
  readonly isOwned: boolean;
  /** Where each stream would be continued; none for streams without a stored position. */
  readonly cursors: readonly StreamCursor[];
  /** What would become of the stored state; `undefined` when none is stored. */
  readonly state: StatePreview | undefined;
}

/** How stored attributes compare with what the code would start with. Lists are sorted. */
export interface StatePreview {
  readonly version: { readonly from: number; readonly to: number };
  readonly serializer: { readonly from: string; readonly to: string };
  /** Attributes that are not stored and would begin with their default, or come from the migration. */
  readonly added: readonly string[];
  /** Stored attributes that the first commit would delete. */
  readonly removed: readonly string[];
  /** Stored attributes whose value the migration changes. */
  readonly changed: readonly string[];
}

/**
 * Looks at what is stored for the consumer as a start does, and writes nothing. Rejects with what the start would reject
 * with for it; the streams themselves are not looked at, so gaps and regressions are found by the start only.
 */
export async function previewStart(plan: ConsumerPlan): Promise<StartPreview> {
  const session = await openSession(plan.source, plan.store, plan.address, plan.environment);
  try {
    const inspection = await session.home.inspect();
    const { cursors, values } = admit(inspection, plan.address, plan.state);
    return {
      exists: inspection.record !== undefined,
      isOwned: (inspection.record?.owner ?? '') !== '',
      cursors,
      state: plan.state === undefined ? undefined : previewState(values, plan.state),
    };
  } finally {
    session.close();
  }
}

function previewState(
  { values, decoded, version, serializer }: RestoredValues,
  plan: StatePlan,
): StatePreview | undefined {
  if (version === undefined || serializer === undefined) return undefined;
  const present = new Set([...plan.tracked.declared, ...values.keys()]);
  const stored = [...decoded.keys()].sort();
  return {
    version: { from: version, to: plan.version },
    serializer: { from: serializer, to: plan.serializer.name },
    added: [...present].filter((name) => !decoded.has(name)).sort(),
    removed: stored.filter((name) => !present.has(name)),
    changed: stored.filter((name) => values.has(name) && !isSame(plan, decoded.get(name), values.get(name))),
  };
}

/** Compares by stored form; a value that the new serializer cannot store counts as changed. */
function isSame(plan: StatePlan, before: unknown, after: unknown): boolean {
  const [one, other] = [storedForm(plan, before), storedForm(plan, after)];
  return one !== undefined && other !== undefined && Buffer.from(one as string).equals(Buffer.from(other as string));
}

function storedForm(plan: StatePlan, value: unknown): StoredValue | undefined {
  try {
    return plan.serializer.serialize(value);
  } catch {
    return undefined;
  }
}
