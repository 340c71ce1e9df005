import type { StoreHook } from './subject.js';
import type { Trial } from './trial.js';

/** One promise of the store contract, and how it is tried. */
export interface Behaviour {
  /** The promise, as a sentence. */
  readonly name: string;
  /** Hooks that trying it takes. Default: none. */
  readonly needs?: readonly StoreHook[];
  /** Tries it on a store of its own; throws when it does not hold. */
  check(trial: Trial): Promise<void>;
}

/** Promises about one part of the contract. */
export interface BehaviourGroup {
  readonly group: string;
  readonly behaviours: readonly Behaviour[];
}
