import { expect, test } from 'vitest';
import { Durability } from '../../src/consumer/durability.js';
import type { DurabilityPlan } from '../../src/consumer/failure-plan.js';
import type { ConsumerPlan } from '../../src/consumer/plan.js';
import { StoreUnavailableError } from '../../src/domain/errors.js';
import type { RenewAnswer } from '../../src/store/claim.js';
import type { CommitAnswer } from '../../src/store/commit.js';
import type { ConsumerHome } from '../../src/store/stream-store.js';
import { Clock } from '../care/clock.js';
import { Notes } from '../care/notes.js';

const TOKEN = { owner: 'a', renewal: 0 };

/** A home that has reached the level when `isReached`, and whose owner is as `renewed` says. */
class Stage {
  readonly clock = new Clock();
  readonly notes = new Notes();
  readonly waits: unknown[] = [];
  isReached = false;
  failure: Error | undefined;
  renewed: RenewAnswer = { outcome: 'held', commitId: 'c' };
  readonly home = {
    persist: async (token: unknown, level: unknown) => {
      this.waits.push([token, level]);
      if (this.failure !== undefined) throw this.failure;
      return this.isReached;
    },
    renew: async () => this.renewed,
  } as unknown as ConsumerHome;

  durability(level: Partial<DurabilityPlan> = {}): Durability {
    const { environment } = this.clock;
    const address = { consumerId: 'orders-1', scope: 'orders' };
    const plan = { environment, logger: this.notes, address } as unknown as ConsumerPlan;
    return new Durability(plan, { replicas: 2, fsync: false, timeoutMs: 500, onShortfall: 'pause', ...level });
  }
}

/** What became of a promise so far. */
function watch<T>(promise: Promise<T>): { value?: T; error?: unknown } {
  const seen: { value?: T; error?: unknown } = {};
  promise.then(
    (value) => (seen.value = value),
    (error: unknown) => (seen.error = error),
  );
  return seen;
}

const committed: CommitAnswer = { outcome: 'committed' };

test.each(['committed', 'already'] as const)('the answer %s counts only when the level is reached', async (outcome) => {
  const stage = new Stage();
  const seen = watch(stage.durability().reached(Promise.resolve({ outcome }), stage.home, TOKEN));
  await stage.clock.pass(60_000);
  expect(seen).toEqual({});
  expect(stage.waits[0]).toEqual([TOKEN, { replicas: 2, fsync: false, timeoutMs: 500, onShortfall: 'pause' }]);
  stage.isReached = true;
  await stage.clock.pass(1_000);
  expect(seen).toEqual({ value: { outcome } });
});

test.each(['fenced', 'stale'] as const)(
  'the answer %s waits for nothing, since nothing was written',
  async (outcome) => {
    const stage = new Stage();
    expect(await stage.durability().reached(Promise.resolve({ outcome }), stage.home, TOKEN)).toEqual({ outcome });
    expect(stage.waits).toEqual([]);
  },
);

test('a commit that failed stays failed', async () => {
  const stage = new Stage();
  const lost = new StoreUnavailableError('lost');
  await expect(stage.durability().reached(Promise.reject(lost), stage.home, TOKEN)).rejects.toBe(lost);
  expect(stage.waits).toEqual([]);
});

test('a shortfall is told once a commit, however long it lasts, and says what is missing', async () => {
  const stage = new Stage();
  const durability = stage.durability({ fsync: true });
  for (let commit = 1; commit <= 2; commit += 1) {
    stage.isReached = false;
    const seen = watch(durability.reached(Promise.resolve(committed), stage.home, TOKEN));
    await stage.clock.pass(60_000);
    stage.isReached = true;
    await stage.clock.pass(1_000);
    expect(seen).toEqual({ value: committed });
    expect(stage.notes.lines).toHaveLength(commit);
  }
  expect(stage.notes.lines[0]).toContain('orders-1');
  expect(stage.notes.lines[0]).toContain('the disk and 2 replica(s) within 500 ms');
});

test('a shortfall that stops is told by the error alone, after one wait', async () => {
  const stage = new Stage();
  const durability = stage.durability({ onShortfall: 'stop' });
  await expect(durability.reached(Promise.resolve(committed), stage.home, TOKEN)).rejects.toMatchObject({
    code: 'ARS_DURABILITY',
    details: { consumer: 'orders-1', stream: 'orders' },
  });
  expect(stage.waits).toHaveLength(1);
  expect(stage.notes.lines).toEqual([]);
});

test('a connection that is lost while waiting ends the wait with the reason', async () => {
  const stage = new Stage();
  const seen = watch(stage.durability().reached(Promise.resolve(committed), stage.home, TOKEN));
  await stage.clock.pass(5_000);
  stage.failure = new StoreUnavailableError('cut', { reason: 'CONNECTION' });
  await stage.clock.pass(2_000);
  expect(seen).toEqual({ error: stage.failure });
});

test.each<[RenewAnswer, string]>([
  [{ outcome: 'fenced', epoch: 2 }, 'was fenced'],
  [{ outcome: 'gone' }, 'has lost its record'],
])('an owner that waits and %o is told so, instead of waiting for ever', async (renewed) => {
  for (const onShortfall of ['pause', 'stop'] as const) {
    const stage = new Stage();
    stage.renewed = renewed;
    const seen = watch(stage.durability({ onShortfall }).reach(stage.home, TOKEN));
    await stage.clock.pass(60_000);
    // Not a shortfall: the caller has to look at the store, which tells who owns the consumer.
    expect(seen.error).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    expect(stage.notes.lines).toEqual([]);
  }
});

test('a wait that is given up ends as stopped', async () => {
  const stage = new Stage();
  const durability = stage.durability();
  const seen = watch(durability.reach(stage.home, TOKEN));
  await stage.clock.pass(5_000);
  durability.giveUp();
  await stage.clock.pass(2_000);
  expect(seen.error).toMatchObject({ code: 'ARS_STOPPED' });
});

test('the first look at the server warns of a shortfall and stops nothing, but a level it cannot give is an error', async () => {
  const stage = new Stage();
  const durability = stage.durability({ onShortfall: 'stop' });
  await durability.probe(stage.home, TOKEN);
  expect(stage.notes.lines).toHaveLength(1);
  stage.failure = new Error('no WAITAOF');
  await expect(durability.probe(stage.home, TOKEN)).rejects.toBe(stage.failure);
});
