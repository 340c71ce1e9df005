/** What the simulated consumer keeps, of all messages or of each key: scalars, a list, and objects within objects. */
export interface FoldState {
  count: number;
  hash: number;
  recent: string[];
  groups: Record<string, { members: string[]; last: number }>;
}

/** The state before the first message. */
export const emptyFold = (): FoldState => ({ count: 0, hash: 7, recent: [], groups: {} });

/** What a message does, and what is published for it: most change the state, some only look at it, some clear it. */
export function perform(n: number, state: FoldState, clear: () => void): string[] {
  if (n % 13 === 0) {
    clear();
    return [`${n}:cleared`];
  }
  return n % 7 === 0 ? [`${n}:seen:${state.count}:${state.hash}`] : fold(state, n);
}

/** Without state, a message only publishes. */
export function publishedBy(n: number): string[] {
  return Array.from({ length: n % 3 }, (_, index) => `${n}:${index}`);
}

function fold(state: FoldState, n: number): string[] {
  state.count += 1;
  state.hash = (state.hash * 31 + n) % 1_000_003;
  state.recent.push(String(n));
  if (state.recent.length > 4) state.recent.shift();
  const name = `g${n % 5}`;
  state.groups[name] ??= { members: [], last: 0 };
  const group = state.groups[name];
  group.members.push(String(n));
  group.last = state.hash;
  if (group.members.length > 3) delete state.groups[name];
  return Array.from({ length: n % 3 }, (_, index) => `${n}:${index}:${state.count}:${state.hash}`);
}

/** The state of one key, and until which time of an entry it lives. */
export interface Held {
  state: FoldState;
  expiresAt: number | undefined;
}

/** States as they must be, by key; the one state of all messages has the key `''`. */
export class FoldModel {
  readonly held: Map<string, Held> = new Map();
  readonly #ttlMs: number | undefined;

  constructor(ttlMs: number | undefined) {
    this.#ttlMs = ttlMs;
  }

  /** Handles a message of a key, entered at a time; returns what it publishes. */
  handle(key: string, n: number, timeMs: number): string[] {
    const known = this.held.get(key);
    if (known?.expiresAt !== undefined && known.expiresAt <= timeMs) this.held.delete(key);
    const state = this.held.get(key)?.state ?? emptyFold();
    const before = state.count;
    let isCleared = false;
    const texts = perform(n, state, () => (isCleared = true));
    if (isCleared) this.held.delete(key);
    else if (state.count !== before) {
      this.held.set(key, { state, expiresAt: this.#ttlMs === undefined ? undefined : timeMs + this.#ttlMs });
    }
    return texts;
  }
}

/** A state as text that is equal for equal states. */
export function canonical(value: unknown): string {
  const { count, hash, recent, groups } = value as FoldState;
  return JSON.stringify({ count, hash, recent, groups });
}
