import { timestampOf } from '../domain/entry-id.js';
import type { Environment } from '../domain/environment.js';
import type { Logger } from '../domain/logger.js';
import type { KeyedFormat } from '../state/keyed-format.js';
import type { KeyedStates } from '../state/keyed-states.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { KeyedPlan } from './keyed-plan.js';
import type { ConsumerPlan } from './plan.js';
import type { Progress } from './progress.js';

/** How often the stored states are looked at, and how many at a time: a key of 1,000,000 has its turn within the hour. */
const SWEEP_MS = 1_000;
const PAGE_KEYS = 500;

/**
 * Finds keys whose time to live is over, a page at a time while commits go on, so that the next commit deletes them. That
 * changes nothing for handlers: whether a state has expired is decided by the entry's own time when its message is handled
 * (PROTOCOL P27), and all streams are past the expiry of what is deleted here.
 */
export class KeySweep {
  readonly #states: KeyedStates;
  readonly #format: KeyedFormat;
  readonly #isOn: boolean;
  readonly #environment: Environment;
  readonly #logger: Logger;
  readonly #streams: readonly string[];
  readonly #progress: Progress;
  #expired = new Set<string>();
  #next: string | undefined;
  #sweptAt = 0;
  #isSweeping = false;
  /** Keys that were committed while a page was awaited: what it says of them may be old. */
  readonly #renewed = new Set<string>();
  #run = 0;

  constructor(
    { states, format, ttlMs }: KeyedPlan,
    { environment, logger, address }: ConsumerPlan,
    progress: Progress,
  ) {
    this.#streams = address.streams;
    this.#states = states;
    this.#format = format;
    this.#isOn = ttlMs !== undefined;
    this.#environment = environment;
    this.#logger = logger;
    this.#progress = progress;
  }

  /** Looks at the next page if it is time. */
  advance(home: ConsumerHome): void {
    if (!this.#isOn || this.#isSweeping || this.#expired.size > 0) return;
    const now = this.#environment.now();
    if (now - this.#sweptAt < SWEEP_MS) return;
    this.#sweptAt = now;
    this.#isSweeping = true;
    void this.#sweep(home, this.#run);
  }

  /** A key's state is being written, or has been: it is no candidate any more. */
  renewed(key: string): void {
    if (this.#isSweeping) this.#renewed.add(key);
    this.#expired.delete(key);
  }

  /** The keys to delete with the next commit: those that nobody has taken up since. */
  takeExpired(): string[] {
    if (this.#expired.size === 0) return [];
    const keys = Array.from(this.#expired).filter((key) => !this.#isInUse(key));
    this.#expired.clear();
    return keys;
  }

  /** Forgets what was found: the store may hold something else now. */
  reset(): void {
    this.#run += 1;
    this.#endSweep();
    this.#expired.clear();
    this.#next = undefined;
  }

  async #sweep(home: ConsumerHome, run: number): Promise<void> {
    try {
      const { states, next } = await home.scan(this.#next, PAGE_KEYS);
      if (run !== this.#run) return;
      const upTo = this.#passedMs();
      for (const [key, stored] of states) {
        const expiresAt = this.#format.expiryOf(stored);
        const isOver = expiresAt !== undefined && expiresAt <= upTo;
        if (isOver && !this.#isInUse(key) && !this.#renewed.has(key)) this.#expired.add(key);
      }
      this.#next = next;
    } catch (error) {
      this.#logger.debug('A page of states could not be looked at for expired ones; it has its turn again.', error);
    } finally {
      if (run === this.#run) this.#endSweep();
    }
  }

  #endSweep(): void {
    this.#isSweeping = false;
    this.#renewed.clear();
  }

  /** The time that all streams have passed. */
  #passedMs(): number {
    let passed = Infinity;
    for (const { stream, position } of this.#progress.committed.values())
      if (this.#streams.includes(stream)) passed = Math.min(passed, timestampOf(position));
    return passed === Infinity ? 0 : passed;
  }

  #isInUse(key: string): boolean {
    return this.#states.peek(key) !== undefined || this.#states.isLoading(key);
  }
}
