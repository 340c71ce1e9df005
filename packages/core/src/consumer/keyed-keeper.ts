import type { StoredValue } from '../domain/fields.js';
import type { KeyedStates } from '../state/keyed-states.js';
import type { StateChange } from '../store/commit.js';
import type { Batch, KeyTouch } from '../transaction/batch.js';
import type { MessageTransaction } from '../transaction/message-transaction.js';
import type { KeySweep } from './key-sweep.js';
import type { KeyedPlan } from './keyed-plan.js';
import type { StateKeeper } from './state-keeper.js';
import type { StatePlan } from './state-plan.js';

/**
 * Keeps one state a key, each under an undo log of its own and stored as one value. A batch knows from where to where it
 * moved each key; a key that it changed stays pinned until it is committed or undone.
 */
export class KeyedKeeper implements StateKeeper {
  readonly mark = 0;
  readonly #plan: StatePlan;
  readonly #ttlMs: number | undefined;
  readonly #states: KeyedStates;
  readonly #sweep: KeySweep;
  #needsHeader = true;

  constructor(plan: StatePlan, { states, ttlMs }: KeyedPlan, sweep: KeySweep) {
    this.#plan = plan;
    this.#ttlMs = ttlMs;
    this.#states = states;
    this.#sweep = sweep;
  }

  /** Later messages of the key may have been handled, or be running, on top: only what this one did belongs to the batch. */
  add(batch: Batch, transaction: MessageTransaction): void {
    const { delivery, startMark: start, endMark: end, isCleared, hasChanged, expiredAt, expiresAt } = transaction;
    const state = delivery.prepared?.state;
    delivery.prepared = undefined;
    if (state === undefined) return;
    const known = batch.touched.get(state);
    if (known === undefined && hasChanged) {
      batch.touch(state, { start, end, isCleared, expiredAt, expiresAt });
    } else {
      if (hasChanged) Object.assign(known!, { end, isCleared, expiresAt });
      this.#states.unpin(state);
    }
  }

  undo(batches: readonly Batch[]): void {
    for (const { touched } of [...batches].reverse()) {
      for (const [state, { start, expiredAt }] of touched) {
        state.tracked.undoTo(start);
        state.expiresAt = expiredAt;
        this.#states.unpin(state);
      }
    }
  }

  change(batch: Batch): StateChange | undefined {
    const set: [string, StoredValue][] = [];
    const deleted: string[] = [];
    for (const [state, touch] of batch.touched) {
      this.#sweep.renewed(state.key);
      if (touch.isCleared) deleted.push(state.key);
      else set.push([state.key, this.#states.encode(state, touch.end, this.#expiryOf(touch))]);
    }
    for (const key of this.#sweep.takeExpired()) deleted.push(key);
    if (set.length === 0 && deleted.length === 0) return undefined;
    const { version, serializer, tracked } = this.#plan;
    const { declared } = tracked;
    return { header: this.#needsHeader ? { version, serializer: serializer.name, declared } : undefined, set, deleted };
  }

  settle({ touched }: Batch, change: StateChange | undefined): void {
    if (change !== undefined) this.#needsHeader = false;
    for (const [state, { end, isCleared, expiresAt }] of touched) {
      state.tracked.forget(end);
      state.isStored = !isCleared;
      state.storedExpiresAt = expiresAt;
      this.#sweep.renewed(state.key);
      this.#states.unpin(state);
    }
  }

  restart(): void {
    this.#states.clear();
    this.#sweep.reset();
    this.#needsHeader = true;
  }

  #expiryOf({ expiresAt }: KeyTouch): number | undefined {
    return this.#ttlMs === undefined ? undefined : expiresAt;
  }
}
