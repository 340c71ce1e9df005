import { freshToken } from './owner.js';
import { within } from './deadline.js';
import type { Behaviour } from './behaviour.js';
import type { StoreConformanceOptions, StoreHook } from './subject.js';
import { Trial } from './trial.js';

/** One promise of the contract, ready to be tried by any test runner. */
export interface ConformanceCase {
  /** The promise, with its group before it: unique, and the same for every store. */
  readonly name: string;
  /** The part of the contract that it belongs to. */
  readonly group: string;
  /** Hooks that trying it takes. */
  readonly needs: readonly StoreHook[];
  /** Why it cannot be tried on this store; `undefined` when it can. Goes into `{ skip }` of the runner. */
  readonly skip: string | undefined;
  /** Tries it on a fresh store; rejects when it does not hold. Does nothing when it is skipped. */
  readonly run: () => Promise<void>;
}

/** Default limit for one case. */
const TIMEOUT_MS = 10_000;

/** Makes a case of a behaviour. */
export function caseOf(group: string, behaviour: Behaviour, options: StoreConformanceOptions): ConformanceCase {
  const needs = behaviour.needs ?? [];
  const skip = skipReason(needs, options);
  const name = `${group}: ${behaviour.name}`;
  const run = async (): Promise<void> => {
    if (skip === undefined) await tryOut(name, behaviour, options);
  };
  return { name, group, needs, skip, run };
}

function skipReason(needs: readonly StoreHook[], { missing = {} }: StoreConformanceOptions): string | undefined {
  const lacking = needs.filter((hook) => missing[hook] !== undefined);
  if (lacking.length === 0) return undefined;
  return lacking.map((hook) => `no hook "${hook}": ${missing[hook]}`).join('; ');
}

async function tryOut(name: string, behaviour: Behaviour, options: StoreConformanceOptions): Promise<void> {
  const { timeoutMs = TIMEOUT_MS } = options;
  const tag = `ars${freshToken().slice(0, 16)}`;
  const subject = await within(timeoutMs, options.create({ tag }), 'creating the store');
  const trial = new Trial(subject, tag);
  const outcome = await settled(within(timeoutMs, behaviour.check(trial), `"${name}"`));
  const ending = await settled(within(timeoutMs, trial.end(), 'closing the store'));
  if (outcome !== undefined) throw outcome.error;
  if (ending !== undefined) throw ending.error;
}

async function settled(promise: Promise<void>): Promise<{ readonly error: unknown } | undefined> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return { error };
  }
}
