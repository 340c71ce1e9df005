import type { StoredValue } from '../domain/fields.js';
import type { KeyedFormat } from './keyed-format.js';
import { RecencyList } from './keyed-recency.js';
import { KeyedState } from './keyed-state.js';
import { TrackedState } from './tracked-state.js';
import { TrackedStateTemplate } from './tracked-state-template.js';

export { KeyedState, keyText } from './keyed-state.js';

/** What the states of keys start from, and how many are kept. */
export interface KeyedStatesOptions {
  /** How they are stored. */
  readonly format: KeyedFormat;
  /** The declared attributes and their default values; called for each key that lacks one. */
  readonly defaults: () => Record<string, unknown>;
  /** What setting an object property to undefined does; as in `Serializer`. */
  readonly undefinedProperties: 'kept' | 'deleted';
  /** How many keys are kept, those in use aside. */
  readonly maxKeys: number;
  /** How many bytes they may take, about, those in use aside. */
  readonly maxBytes: number;
}

/**
 * The states of the keys that were used last, one small tracked state each (P27). Those in use are pinned and stay
 * whatever the bounds say; of the others, the least recently used are evicted. A use is a `get`, or the end of the last
 * pin. What is evicted is loaded again when it is needed, so nothing may be evicted that the store does not hold: work
 * that is not committed keeps its pins.
 */
export class KeyedStates {
  readonly #format: KeyedFormat;
  readonly #template: TrackedStateTemplate;
  readonly #maxKeys: number;
  readonly #maxBytes: number;
  readonly #defaultLength: number;
  #states = new Map<string, KeyedState>();
  /** Those without pins, in the order of their last use. */
  #unpinned = new RecencyList<KeyedState>();
  #loading = new Set<string>();
  #generation = 0;
  #bytes = 0;

  /** Throws `ConfigurationError` or `SerializationError` for a default that state cannot hold or the format cannot store. */
  constructor(options: KeyedStatesOptions) {
    const { defaults, undefinedProperties } = options;
    this.#format = options.format;
    this.#template = new TrackedStateTemplate({ defaults, undefinedProperties, undeclared: 'refused' });
    this.#maxKeys = options.maxKeys;
    this.#maxBytes = options.maxBytes;
    this.#defaultLength = this.#format.encode('', this.#template.container(), undefined).length;
  }

  /** Counts the calls of `clear`; a load belongs to the generation in which it was begun. */
  get generation(): number {
    return this.#generation;
  }

  /** How many keys are cached; more than `maxKeys` while more are in use, or just after a load that was larger. */
  get size(): number {
    return this.#states.size;
  }

  /** How many bytes they take, about, as of when each was loaded or last encoded. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The state of a key if it is cached; it becomes the most recently used. */
  get(key: string): KeyedState | undefined {
    const state = this.#states.get(key);
    if (state !== undefined && state.pins === 0) this.#unpinned.touch(state);
    return state;
  }

  /** The state of a key if it is cached; that is no use of it. */
  peek(key: string): KeyedState | undefined {
    return this.#states.get(key);
  }

  /**
   * The keys, each once, that are neither cached nor being loaded; they count as being loaded from now on, until `put`,
   * `forgo` or `clear`.
   */
  toLoad(keys: Iterable<string>): string[] {
    const wanted: string[] = [];
    for (const key of keys) {
      if (this.#states.has(key) || this.#loading.has(key)) continue;
      this.#loading.add(key);
      wanted.push(key);
    }
    return wanted;
  }

  /** Whether `toLoad` has given out the key and its value is still awaited. */
  isLoading(key: string): boolean {
    return this.#loading.has(key);
  }

  /**
   * Takes over what was loaded: for each key what is stored, or `undefined` where nothing is, which gives the defaults.
   * Does nothing when the generation is another by now. Leaves out keys that are cached or not (or not any more) being
   * loaded, whose values may be old. Makes the rest the most recently used, in this order, and pins none.
   *
   * Makes room by evicting older ones only, never one of the same load: when that does not suffice, the surplus stays
   * until the next `put` or `unpin` that may evict it. So what is used right after `put` is there, and the bounds may be
   * exceeded by one load.
   *
   * Throws what `KeyedFormat.decode` throws; then it takes nothing over, and the keys may be asked for again.
   */
  put(generation: number, keys: readonly string[], values: readonly (StoredValue | undefined)[]): void {
    if (values.length !== keys.length) throw new TypeError('there must be as many values as keys');
    if (generation !== this.#generation) return;
    const states = this.#statesOf(keys, values);
    for (const state of states) this.#add(state);
    this.#evict(states[0]);
  }

  /** The keys could not be loaded: they may be asked for again. Does nothing when the generation is another by now. */
  forgo(generation: number, keys: readonly string[]): void {
    if (generation !== this.#generation) return;
    for (const key of keys) this.#loading.delete(key);
  }

  /** Keeps a state in the cache until as many `unpin`. Throws `TypeError` for one that has been evicted. */
  pin(state: KeyedState): void {
    if (state.pins++ > 0 || state.generation !== this.#generation) return;
    if (!this.#unpinned.has(state)) {
      state.pins = 0;
      throw new TypeError('a state was pinned that has been evicted; get it again');
    }
    this.#unpinned.remove(state);
  }

  /** Takes back one `pin`. The last one makes the state the most recently used, and evicts what is over the bounds. */
  unpin(state: KeyedState): void {
    if (state.pins === 0) throw new TypeError('a state was unpinned more often than pinned');
    if (--state.pins > 0 || state.generation !== this.#generation) return;
    this.#unpinned.add(state);
    this.#evict(undefined);
  }

  /** Forgets everything, also what is pinned, and every load under way. */
  clear(): void {
    this.#generation += 1;
    this.#states = new Map();
    this.#unpinned = new RecencyList();
    this.#loading = new Set();
    this.#bytes = 0;
  }

  /**
   * The stored form as of a mark of the state's undo log; what was written later is swapped out meanwhile. Throws what
   * `KeyedFormat.encode` throws.
   */
  encode(state: KeyedState, mark: number, expiresAt: number | undefined): StoredValue {
    const stored = state.tracked.asOf(mark, (values) => this.#format.encode(state.key, values, expiresAt));
    const before = state.bytes;
    state.storedBytes = stored.length;
    if (this.#states.get(state.key) === state) this.#bytes += state.bytes - before;
    return stored;
  }

  #statesOf(keys: readonly string[], values: readonly (StoredValue | undefined)[]): KeyedState[] {
    const states: KeyedState[] = [];
    try {
      for (let index = 0; index < keys.length; index++) {
        const key = keys[index]!;
        if (this.#loading.delete(key)) states.push(this.#stateOf(key, values[index]));
      }
      return states;
    } catch (error) {
      for (const key of keys) this.#loading.delete(key);
      throw error;
    }
  }

  #stateOf(key: string, stored: StoredValue | undefined): KeyedState {
    const decoded = stored === undefined ? undefined : this.#format.decode(key, stored);
    return new KeyedState(key, new TrackedState(this.#template, decoded?.values), this.#generation, {
      expiresAt: decoded?.expiresAt,
      isStored: stored !== undefined,
      bytes: stored === undefined ? this.#defaultLength : stored.length,
    });
  }

  #add(state: KeyedState): void {
    this.#states.set(state.key, state);
    this.#unpinned.add(state);
    this.#bytes += state.bytes;
  }

  /** Evicts down to the bounds, but not the given one, nor what was used after it. */
  #evict(kept: KeyedState | undefined): void {
    while (this.#states.size > this.#maxKeys || this.#bytes > this.#maxBytes) {
      const { oldest } = this.#unpinned;
      if (oldest === undefined || oldest === kept) return;
      this.#unpinned.remove(oldest);
      this.#states.delete(oldest.key);
      this.#bytes -= oldest.bytes;
    }
  }
}
