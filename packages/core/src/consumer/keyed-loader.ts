import { isArsError } from '../domain/errors.js';
import type { KeyedStates } from '../state/keyed-states.js';
import type { Token } from '../store/claim.js';
import type { LoadAnswer } from '../store/keyed-state.js';
import type { ConsumerHome } from '../store/stream-store.js';

/** What a loader tells. */
export interface LoadListener {
  /** States have arrived, or may be asked for again. */
  onLoaded(): void;
  /** The store must be asked before anything goes on. */
  onDoubt(error?: unknown): void;
  /** What is stored cannot be used. */
  onLoadFailed(error: unknown): void;
  /** The state has vanished under the consumer. */
  onStateLost(): void;
}

/** Loads the states of keys into the cache: one round trip at a time, with all keys that are wanted by then. */
export class KeyedLoader {
  readonly #states: KeyedStates;
  readonly #listener: LoadListener;
  #home: ConsumerHome | undefined;
  #token: Token | undefined;
  #wanted: string[] = [];
  #isLoading = false;
  #hasSent = false;

  constructor(states: KeyedStates, listener: LoadListener) {
    this.#states = states;
    this.#listener = listener;
  }

  /** Loads from this home from now on; what was under way elsewhere may be asked for again. */
  attach(home: ConsumerHome, token: Token): void {
    if (home === this.#home && token.renewal === this.#token?.renewal && token.owner === this.#token.owner) return;
    this.#home = home;
    this.#token = token;
    this.#isLoading = false;
    this.#loadNext();
  }

  /** Forgets what was wanted. */
  reset(): void {
    this.#states.forgo(this.#states.generation, this.#wanted);
    this.#wanted = [];
    this.#isLoading = false;
    this.#home = undefined;
  }

  /** These keys are needed soon. */
  want(keys: Iterable<string>): void {
    for (const key of this.#states.toLoad(keys)) this.#wanted.push(key);
    this.#loadNext();
  }

  /** Whether a load was sent since this was last asked. */
  takeSent(): boolean {
    const hasSent = this.#hasSent;
    this.#hasSent = false;
    return hasSent;
  }

  #loadNext(): void {
    const home = this.#home;
    if (this.#isLoading || this.#wanted.length === 0 || home === undefined) return;
    const keys = this.#wanted;
    this.#wanted = [];
    this.#isLoading = true;
    this.#hasSent = true;
    void this.#load(home, this.#token!, keys);
  }

  async #load(home: ConsumerHome, token: Token, keys: readonly string[]): Promise<void> {
    const { generation } = this.#states;
    try {
      const answer = await home.load(token, keys);
      if (home !== this.#home) return this.#drop(generation, keys);
      if (answer.outcome === 'loaded') this.#states.put(generation, keys, answer.values);
      else this.#states.forgo(generation, keys);
      this.#settle(answer);
    } catch (error) {
      if (home !== this.#home) return this.#drop(generation, keys);
      this.#states.forgo(generation, keys);
      this.#isLoading = false;
      if (isArsError(error, 'ARS_STORE_UNAVAILABLE')) this.#listener.onDoubt(error);
      else this.#listener.onLoadFailed(error);
    }
  }

  /** What an earlier connection answers says nothing any more, but whoever waits for these keys may ask again now. */
  #drop(generation: number, keys: readonly string[]): void {
    this.#states.forgo(generation, keys);
    this.#listener.onLoaded();
  }

  #settle(answer: LoadAnswer): void {
    this.#isLoading = false;
    if (answer.outcome === 'loaded') {
      this.#listener.onLoaded();
      this.#loadNext();
    } else if (answer.outcome === 'gone' && answer.what === 'state') this.#listener.onStateLost();
    else this.#listener.onDoubt();
  }
}
