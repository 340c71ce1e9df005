import { expect, test } from 'vitest';
import type { Environment } from '../../src/domain/environment.js';
import { watchOwner } from '../../src/consumer/owner-watch.js';
import type { WatchResult } from '../../src/consumer/owner-watch.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import type { OwnerSight } from '../../src/store/claim.js';
import type { ConsumerHome } from '../../src/store/stream-store.js';
import { Clock, settled } from '../care/clock.js';

const LEASE_MS = 10_000;
/** A look more or less. */
const LOOK_MS = 50;

type Look = () => OwnerSight | undefined | Promise<OwnerSight | undefined>;

/** A watch on a clock that the test moves. */
class Watch {
  readonly clock = new Clock();
  result: WatchResult | undefined;
  failure: unknown;
  looks = 0;
  isOff = false;
  /** How long this process stood still in all, timers included. */
  stoodStillMs = 0;
  sight: OwnerSight | undefined = { owner: 'a', epoch: 1, heartbeat: 1 };
  look: Look = () => this.sight;

  begin(until: 'free' | 'news' = 'free', leaseMs = LEASE_MS): void {
    const environment: Environment = {
      ...this.clock.environment,
      now: () => this.clock.environment.now() + this.stoodStillMs,
    };
    const home = { glance: async () => ((this.looks += 1), this.look()) } as unknown as ConsumerHome;
    const rest = (delayMs: number): Promise<void> => new Promise((resolve) => environment.after(delayMs, resolve));
    const control = { isOff: () => this.isOff, rest };
    watchOwner(home, { environment, leaseMs } as ConsumerPlan, until, control).then(
      (result) => (this.result = result),
      (error: unknown) => (this.failure = error),
    );
  }

  /** The owner shows life by whatever changed. */
  show(change: Partial<OwnerSight>): void {
    this.sight = { ...this.sight!, ...change };
  }

  /** Lets time pass until the watch has ended; answers how much that was. */
  async untilOver(mostMs: number): Promise<number> {
    const begun = this.clock.environment.now();
    while (this.result === undefined && this.clock.environment.now() - begun < mostMs) await this.clock.pass(5);
    return this.clock.environment.now() - begun;
  }
}

function watching(until: 'free' | 'news' = 'free', leaseMs = LEASE_MS): Watch {
  const watch = new Watch();
  watch.begin(until, leaseMs);
  return watch;
}

test('an owner that shows no life is silent after the lease, not before', async () => {
  const watch = watching();
  const passed = await watch.untilOver(2 * LEASE_MS);
  expect(watch.result).toEqual({ kind: 'silent', sight: { owner: 'a', epoch: 1, heartbeat: 1 } });
  expect(passed).toBeGreaterThanOrEqual(LEASE_MS);
  expect(passed).toBeLessThanOrEqual(LEASE_MS + LOOK_MS);
});

test('an owner whose heartbeat moves is never silent, however little it moves and in whatever direction', async () => {
  const watch = watching();
  for (let beat = 0; beat < 30; beat += 1) {
    await watch.clock.pass(LEASE_MS - 2 * LOOK_MS);
    watch.show({ heartbeat: beat % 2 === 0 ? 2 : 1 });
  }
  expect(watch.result).toBeUndefined();
  expect(await watch.untilOver(2 * LEASE_MS)).toBeGreaterThanOrEqual(LEASE_MS - LOOK_MS);
});

test.each([{ owner: 'b' }, { epoch: 2 }])('another owner begins a lease of its own: %o', async (change) => {
  const watch = watching();
  await watch.clock.pass(LEASE_MS - 2 * LOOK_MS);
  watch.show(change);
  expect(await watch.untilOver(2 * LEASE_MS)).toBeGreaterThanOrEqual(LEASE_MS);
  expect(watch.result).toMatchObject({ kind: 'silent', sight: change });
});

test('a release is seen at the next look, whatever the lease', async () => {
  const watch = watching('free', 600_000);
  await watch.clock.pass(1_000);
  watch.show({ owner: '' });
  expect(await watch.untilOver(10_000)).toBeLessThanOrEqual(LOOK_MS);
  expect(watch.result).toEqual({ kind: 'free' });
});

test('a consumer that nobody ever had is free at once', async () => {
  const watch = new Watch();
  watch.sight = undefined;
  watch.begin();
  await settled();
  expect(watch.result).toEqual({ kind: 'free' });
});

test('where news is waited for, the first sign of life or another owner is news', async () => {
  for (const change of [{ heartbeat: 2 }, { owner: 'b' }, { epoch: 2 }]) {
    const watch = watching('news');
    await watch.clock.pass(1_000);
    expect(watch.result).toBeUndefined();
    watch.show(change);
    await watch.clock.pass(LOOK_MS);
    expect(watch.result).toEqual({ kind: 'alive' });
  }
});

test('a watch that is called off ends without a verdict, also while the owner is silent', async () => {
  const watch = watching();
  await watch.clock.pass(LEASE_MS - LOOK_MS);
  watch.isOff = true;
  await watch.clock.pass(LOOK_MS);
  expect(watch.result).toEqual({ kind: 'off' });
});

test('an answer that takes longer than the lease says nothing about the owner', async () => {
  const watch = watching();
  await watch.clock.pass(1_000);
  let answer = (): void => {};
  watch.look = () => new Promise((resolve) => (answer = () => resolve(watch.sight)));
  await watch.clock.pass(3 * LEASE_MS);
  watch.look = () => watch.sight;
  answer();
  // An owner has a third of the lease for a sign of life, and as much again to get it through.
  await watch.clock.pass(LEASE_MS / 2);
  expect(watch.result).toBeUndefined();
  watch.show({ heartbeat: 2 });
  await watch.clock.pass(LEASE_MS - 2 * LOOK_MS);
  expect(watch.result).toBeUndefined();
});

test('a watch whose own process stood still for longer than the lease gives the owner another one', async () => {
  const watch = watching();
  await watch.clock.pass(1_000);
  watch.stoodStillMs = 3 * LEASE_MS;
  await watch.clock.pass(LEASE_MS / 2);
  expect(watch.result).toBeUndefined();
});

test('the store that goes away fails the watch, which condemns nobody', async () => {
  const watch = watching();
  await watch.clock.pass(LEASE_MS - LOOK_MS);
  watch.look = () => {
    throw new Error('away');
  };
  await watch.clock.pass(LEASE_MS);
  expect([watch.result, watch.failure]).toEqual([undefined, new Error('away')]);
});

test('looking is cheap under a long lease, and often enough under a short one', async () => {
  const long = watching('free', 600_000);
  await long.clock.pass(10_000);
  expect(long.looks).toBeLessThanOrEqual(10_000 / LOOK_MS + 2);
  const short = watching('free', 300);
  expect(await short.untilOver(1_000)).toBeLessThanOrEqual(315);
});
