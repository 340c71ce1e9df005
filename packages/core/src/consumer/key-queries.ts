import { timestampOf } from '../domain/entry-id.js';
import { ConfigurationError, isArsError } from '../domain/errors.js';
import type { StoredValue } from '../domain/fields.js';
import { keyText } from '../state/keyed-states.js';
import { TrackedState } from '../state/tracked-state.js';
import type { Token } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { KeyedPlan } from './keyed-plan.js';
import type { ConsumerPlan } from './plan.js';
import type { Progress } from './progress.js';

/** How many states one page of all is asked for. */
const PAGE_KEYS = 500;

/** The home that is owned now, if there is one. */
export type PresentHome = () => { readonly home: ConsumerHome; readonly token: Token } | undefined;

/** Answers what is committed for keys, from outside the handlers. */
export class KeyQueries {
  readonly #plan: ConsumerPlan;
  readonly #progress: Progress;
  readonly #present: PresentHome;

  constructor(plan: ConsumerPlan, progress: Progress, present: PresentHome) {
    this.#plan = plan;
    this.#progress = progress;
    this.#present = present;
  }

  /** A copy of the last committed state of one key; `undefined` where nothing is stored, or it has expired. */
  async stateOf(given: unknown): Promise<object | undefined> {
    const keyed = this.#keyed();
    const key = keyText(given);
    const cached = keyed.states.peek(key);
    if (cached !== undefined) {
      if (!cached.isStored || this.#isOver(keyed, cached.storedExpiresAt)) return undefined;
      return cached.tracked.copyAsOf(cached.tracked.oldestMark);
    }
    const stored = await this.#load(key);
    return stored === undefined ? undefined : this.#decoded(keyed, key, stored);
  }

  /** All keys and copies of their committed states, a page at a time, over a connection of its own. */
  async *states(): AsyncGenerator<[key: string, state: object], void, void> {
    const keyed = this.#keyed();
    const home = await this.#plan.store.openHome(this.#plan.address);
    try {
      let next: string | undefined;
      do {
        const page = await home.scan(next, PAGE_KEYS);
        for (const [key, stored] of page.states) {
          const state = this.#decoded(keyed, key, stored);
          if (state !== undefined) yield [key, state];
        }
        next = page.next;
      } while (next !== undefined);
    } finally {
      home.close();
    }
  }

  #keyed(): KeyedPlan {
    const { keyed, address } = this.#plan;
    if (keyed !== undefined) return keyed;
    throw new ConfigurationError(
      `Consumer "${address.consumerId}" has no state a key: give it the options key and state, or use consumer.state.`,
      { option: 'key', consumer: address.consumerId },
    );
  }

  /** Where this process owns the consumer its connection knows best; elsewhere the stored states must be looked through. */
  async #load(key: string): Promise<StoredValue | undefined> {
    const present = this.#present();
    if (present !== undefined) {
      try {
        const answer = await present.home.load(present.token, [key]);
        if (answer.outcome === 'loaded') return answer.values[0];
      } catch (error) {
        if (!isArsError(error, 'ARS_STORE_UNAVAILABLE')) throw error;
      }
    }
    return this.#find(key);
  }

  async #find(key: string): Promise<StoredValue | undefined> {
    const home = await this.#plan.store.openHome(this.#plan.address);
    try {
      let next: string | undefined;
      do {
        const page = await home.scan(next, PAGE_KEYS);
        const found = page.states.find(([name]) => name === key);
        if (found !== undefined) return found[1];
        next = page.next;
      } while (next !== undefined);
      return undefined;
    } finally {
      home.close();
    }
  }

  #decoded(keyed: KeyedPlan, key: string, stored: StoredValue): object | undefined {
    const { values, expiresAt } = keyed.format.decode(key, stored);
    if (this.#isOver(keyed, expiresAt)) return undefined;
    const tracked = new TrackedState(keyed.template, values);
    return tracked.copyAsOf(tracked.mark);
  }

  #isOver({ ttlMs }: KeyedPlan, expiresAt: number | undefined): boolean {
    if (ttlMs === undefined || expiresAt === undefined) return false;
    const positions = [...this.#progress.committed.values()];
    return positions.some(({ position }) => timestampOf(position) >= expiresAt);
  }
}
