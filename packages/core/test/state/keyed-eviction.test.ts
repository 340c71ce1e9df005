import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KeyedState, KeyedStates } from '../../src/state/keyed-states.js';
import { createStates, load } from './keyed-fixtures.js';

const KEYS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
const VALUES = [undefined, '0,,json,{"text":""}', `0,,json,{"text":"${'x'.repeat(300)}"}`];
const defaults = () => ({ text: '' });

/** What one key weighs for each of the values. */
const WEIGHTS = VALUES.map((value) => {
  const states = createStates(defaults);
  load(states, { k: value });
  return states.bytes;
});

type Step =
  | { readonly do: 'get' | 'peek' | 'pin' | 'unpin'; readonly key: string }
  | { readonly do: 'ask' | 'forgo'; readonly keys: readonly string[] }
  | {
      readonly do: 'put';
      readonly keys: readonly string[];
      readonly values: readonly number[];
      readonly isLate: boolean;
    }
  | { readonly do: 'clear' };

const key = fc.constantFrom(...KEYS);
const keys = fc.array(key, { maxLength: 8 });
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('get', 'peek', 'pin', 'unpin'), key }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('ask' as const), keys }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forgo' as const), keys }) },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      keys,
      values: fc.array(fc.nat(2), { minLength: 8, maxLength: 8 }),
      isLate: fc.constantFrom(false, false, false, false, false, false, false, true),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const) }) },
);

interface Cached {
  readonly key: string;
  readonly bytes: number;
  readonly state: KeyedState;
  pins: number;
}

/** The same rules with a plain list, the least recently used first. */
class Model {
  cached: Cached[] = [];
  loading = new Set<string>();
  readonly states: KeyedStates;
  readonly maxKeys: number;
  readonly maxBytes: number;

  constructor(maxKeys: number, maxBytes: number) {
    this.maxKeys = maxKeys;
    this.maxBytes = maxBytes;
    this.states = createStates(defaults, { maxKeys, maxBytes });
  }

  get bytes(): number {
    return this.cached.reduce((sum, { bytes }) => sum + bytes, 0);
  }

  of(key: string): Cached | undefined {
    return this.cached.find((one) => one.key === key);
  }

  use(one: Cached): void {
    this.cached = [...this.cached.filter((other) => other !== one), one];
  }

  evict(mayGo: (one: Cached) => boolean): void {
    while (this.cached.length > this.maxKeys || this.bytes > this.maxBytes) {
      const victim = this.cached.find((one) => one.pins === 0 && mayGo(one));
      if (victim === undefined) return;
      this.cached = this.cached.filter((one) => one !== victim);
    }
  }

  run(next: Step): void {
    if (next.do === 'ask') this.ask(next.keys);
    else if (next.do === 'forgo') this.forgo(next.keys);
    else if (next.do === 'put') this.put(next.keys, next.values, next.isLate);
    else if ('key' in next) this.visit(next.do, next.key);
    else this.clear();
    expect(KEYS.map((name) => this.states.peek(name))).toEqual(KEYS.map((name) => this.of(name)?.state));
    expect(KEYS.filter((name) => this.states.isLoading(name))).toEqual(KEYS.filter((name) => this.loading.has(name)));
    expect([this.states.size, this.states.bytes]).toEqual([this.cached.length, this.bytes]);
  }

  visit(what: 'get' | 'peek' | 'pin' | 'unpin', name: string): void {
    const one = this.of(name);
    if (one === undefined) return expect(this.states[what === 'peek' ? 'peek' : 'get'](name)).toBeUndefined();
    if (what === 'get') {
      expect(this.states.get(name)).toBe(one.state);
      this.use(one);
    } else if (what === 'pin') {
      this.states.pin(one.state);
      one.pins += 1;
    } else if (what === 'unpin' && one.pins > 0) {
      this.states.unpin(one.state);
      one.pins -= 1;
      if (one.pins > 0) return;
      this.use(one);
      this.evict(() => true);
    }
  }

  ask(names: readonly string[]): void {
    const wanted = [...new Set(names)].filter((name) => this.of(name) === undefined && !this.loading.has(name));
    expect(this.states.toLoad(names)).toEqual(wanted);
    for (const name of wanted) this.loading.add(name);
  }

  forgo(names: readonly string[]): void {
    this.states.forgo(this.states.generation, names);
    for (const name of names) this.loading.delete(name);
  }

  put(names: readonly string[], values: readonly number[], isLate: boolean): void {
    const kinds = names.map((_, index) => values[index]!);
    const generation = this.states.generation - (isLate ? 1 : 0);
    this.states.put(
      generation,
      names,
      kinds.map((kind) => VALUES[kind]),
    );
    if (isLate) return;
    const fresh = new Set<string>();
    for (const [index, name] of names.entries()) {
      if (!this.loading.delete(name)) continue;
      fresh.add(name);
      this.cached.push({ key: name, bytes: WEIGHTS[kinds[index]!]!, state: this.states.peek(name)!, pins: 0 });
    }
    this.evict((one) => !fresh.has(one.key));
  }

  clear(): void {
    this.states.clear();
    this.cached = [];
    this.loading.clear();
  }
}

test('the cache keeps what is pinned or newly loaded, and of the rest what was used last, within its bounds', () => {
  const bounds = fc.tuple(fc.constantFrom(0, 1, 2, 3, 5, Infinity), fc.constantFrom(0, 700, 2_000, 5_000, Infinity));
  fc.assert(
    fc.property(bounds, fc.array(step, { maxLength: 60, size: 'max' }), ([maxKeys, maxBytes], steps) => {
      const model = new Model(maxKeys, maxBytes);
      for (const next of steps) model.run(next);
    }),
    { numRuns: 500 },
  );
});

test('a load larger than the cache is there until the next load', () => {
  const states = createStates(defaults, { maxKeys: 2 });
  load(states, { a: undefined });
  load(states, { b: undefined, c: undefined, d: undefined, e: undefined });
  expect([states.size, states.peek('a')]).toEqual([4, undefined]);
  for (const name of ['b', 'c', 'd', 'e']) expect(states.get(name)?.key).toBe(name);
  load(states, { f: undefined });
  expect(KEYS.filter((name) => states.peek(name))).toEqual(['e', 'f']);
});

test('a load larger than the cache is not cut down by its own keys being pinned', () => {
  const states = createStates(defaults, { maxKeys: 1 });
  load(states, { a: undefined, b: undefined, c: undefined });
  const loaded = ['a', 'b', 'c'].map((name) => states.get(name)!);
  for (const state of loaded) states.pin(state);
  load(states, { d: undefined, e: undefined });
  expect(KEYS.filter((name) => states.peek(name))).toEqual(['a', 'b', 'c', 'd', 'e']);
  for (const state of loaded) states.unpin(state);
  expect(KEYS.filter((name) => states.peek(name))).toEqual(['c']);
});
