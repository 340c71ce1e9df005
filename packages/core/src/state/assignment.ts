import { isDeepStrictEqual } from 'node:util';
import { cloneState, refusal, type ValueCopier } from './copy-value.js';
import { DETACHED, joinPath, OUTERMOST, type PathKey } from './path.js';
import type { TrackedHandler } from './tracked-handler.js';

/**
 * An object that a handler assigned into the state, remembered until its message is over. The state holds a copy (P15), so
 * what is changed through the object itself afterwards would be lost without a word, as in
 * `(state.groups[key] ??= []).push(item)`, where JavaScript gives the assigned array and not the state's.
 */
export class Assignment {
  readonly #source: object;
  readonly #asAssigned: unknown;
  readonly #copy: unknown;
  readonly #place: TrackedHandler;
  readonly #key: PathKey;

  /** `copy` is what the state has made of `source`. */
  constructor(source: object, copy: unknown, place: TrackedHandler, key: PathKey) {
    this.#source = source;
    this.#asAssigned = cloneState(copy, OUTERMOST, 0);
    this.#copy = copy;
    this.#place = place;
    this.#key = key;
  }

  /**
   * Throws `SerializationError`, naming the place, when the object was changed after it had been assigned, and what was
   * made of it is still there: not deleted, and not assigned once more.
   */
  demandUnchanged(copier: ValueCopier): void {
    if (isDeepStrictEqual(this.#present(copier), this.#asAssigned)) return;
    if (this.#place.keyOf(this.#copy as object) === DETACHED) return;
    throw refusal(
      joinPath(this.#place.path(), this.#key),
      'was changed through the object that had been assigned to it. State holds a copy, so the change would be lost: ' +
        'assign first, then take it from the state and change that.',
    );
  }

  #present(copier: ValueCopier): unknown {
    try {
      return copier.copy(this.#source, this.#place, this.#key, 1);
    } catch {
      return undefined;
    }
  }
}
