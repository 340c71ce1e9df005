import { expect, test } from 'vitest';
import { KeySweep } from '../../src/consumer/key-sweep.js';
import type { KeyedPlan } from '../../src/consumer/keyed-plan.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import { Progress } from '../../src/consumer/progress.js';
import type { StatePage } from '../../src/store/keyed-state.js';
import type { ConsumerHome } from '../../src/store/stream-store.js';
import { Clock, settled } from '../care/clock.js';
import { createFormat, createStates, load } from '../state/keyed-fixtures.js';

const defaults = () => ({ count: 0 });

/** What is stored of a key that lives until then. */
const livingUntil = (expiresAt: number) => `0,${expiresAt},json,{"count":1}`;
const EXPIRED = livingUntil(2_000);

/** A sweep over a store whose pages come when the test says so. */
class Sweeping {
  readonly states = createStates(defaults, { maxKeys: 1 });
  /** Where each page that was asked for begins. */
  readonly asked: (string | undefined)[] = [];
  readonly sweep: KeySweep;
  readonly #clock = new Clock();
  readonly #progress = new Progress(this.#clock.environment);
  readonly #pages: ((page: StatePage) => void)[] = [];

  constructor({ streams = ['in'], ...given }: { streams?: string[]; ttlMs?: number | undefined } = {}) {
    const { ttlMs } = { ttlMs: 1_000, ...given };
    const keyed = { states: this.states, format: createFormat(defaults), ttlMs } as unknown as KeyedPlan;
    const logger = { debug() {}, info() {}, warn() {}, error() {} };
    const plan = { environment: this.#clock.environment, logger, address: { streams } } as unknown as ConsumerPlan;
    this.sweep = new KeySweep(keyed, plan, this.#progress);
  }

  /** How far each stream is committed, in milliseconds. */
  reach(positions: Readonly<Record<string, number>>): void {
    this.#progress.restart(Object.entries(positions).map(([stream, ms]) => ({ stream, position: `${ms}-0`, read: 1 })));
  }

  /** It is time for the next page. */
  async ask(): Promise<void> {
    const scan = (cursor: string | undefined): Promise<StatePage> => {
      this.asked.push(cursor);
      return new Promise((resolve) => this.#pages.push(resolve));
    };
    await this.#clock.pass(1_000);
    this.sweep.advance({ scan } as unknown as ConsumerHome);
  }

  /** The oldest page that is awaited comes. */
  async answer(states: Readonly<Record<string, string>>, next?: string): Promise<void> {
    this.#pages.shift()!({ states: Object.entries(states), next });
    await settled();
  }
}

/** One that has asked for its first page, when its stream has come to the time of EXPIRED. */
async function asking(): Promise<Sweeping> {
  const sweeping = new Sweeping();
  sweeping.reach({ in: 2_000 });
  await sweeping.ask();
  return sweeping;
}

test('what nobody uses is given to one commit when its time is over', async () => {
  const sweeping = await asking();
  await sweeping.answer({ over: EXPIRED, living: livingUntil(2_001), endless: '0,,json,{"count":1}' });
  expect(sweeping.sweep.takeExpired()).toEqual(['over']);
  expect(sweeping.sweep.takeExpired()).toEqual([]);
});

test('a key that is in use when its page comes is not found, even if it is let go before the next commit', async () => {
  const sweeping = await asking();
  const { states, sweep } = sweeping;
  load(states, { cached: EXPIRED });
  const loading = states.toLoad(['loading']);
  await sweeping.answer({ cached: EXPIRED, loading: EXPIRED, unused: EXPIRED });
  load(states, { other: undefined });
  states.forgo(states.generation, loading);
  expect([states.peek('cached'), states.isLoading('loading')]).toEqual([undefined, false]);
  expect(sweep.takeExpired()).toEqual(['unused']);
});

test('a key that is taken up after it was found is not deleted', async () => {
  const sweeping = await asking();
  const { states, sweep } = sweeping;
  await sweeping.answer({ cached: EXPIRED, loading: EXPIRED, unused: EXPIRED });
  load(states, { cached: EXPIRED });
  states.toLoad(['loading']);
  expect(sweep.takeExpired()).toEqual(['unused']);
});

test('a key that is written after it was found is not deleted, even if it is in the cache no more', async () => {
  const sweeping = await asking();
  const { states, sweep } = sweeping;
  await sweeping.answer({ written: EXPIRED, unused: EXPIRED });
  sweep.renewed('written');
  expect(states.peek('written')).toBeUndefined();
  expect(sweep.takeExpired()).toEqual(['unused']);
});

test('a page that was asked for before a reset says nothing after it', async () => {
  const sweeping = await asking();
  const { sweep } = sweeping;
  sweep.reset();
  await sweeping.answer({ a: EXPIRED }, 'behind a');
  expect(sweep.takeExpired()).toEqual([]);
  await sweeping.ask();
  expect(sweeping.asked).toEqual([undefined, undefined]);
  await sweeping.answer({ b: EXPIRED });
  expect(sweep.takeExpired()).toEqual(['b']);
});

test.each([
  { slow: 1_999, fast: 9_000 },
  { fast: 9_000, slow: 1_999 },
])('no key is deleted before all streams have passed its time: %o', async (positions) => {
  const sweeping = new Sweeping({ streams: ['slow', 'fast'] });
  sweeping.reach(positions);
  await sweeping.ask();
  await sweeping.answer({ a: EXPIRED });
  expect(sweeping.sweep.takeExpired()).toEqual([]);
  sweeping.reach({ ...positions, slow: 2_000 });
  await sweeping.ask();
  await sweeping.answer({ a: EXPIRED });
  expect(sweeping.sweep.takeExpired()).toEqual(['a']);
});

test('without a time to live nothing is looked for, so that what was stored with one stays', async () => {
  const sweeping = new Sweeping({ ttlMs: undefined });
  sweeping.reach({ in: 2_000 });
  await sweeping.ask();
  expect([sweeping.asked, sweeping.sweep.takeExpired()]).toEqual([[], []]);
});
