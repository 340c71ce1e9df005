import { type ConsumerEventName, type StreamStore } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { expect, onTestFinished, test } from 'vitest';
import { Clock } from '../../packages/core/test/care/clock.js';
import { type KitConsumer, StoreKit } from './stores.js';
import { deferred, failureOf } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { ledgerOf } from './support/ledger.js';

/** The names of what a consumer tells about its ownership, in order. */
function turnsOf(consumer: KitConsumer): ConsumerEventName[] {
  const turns: ConsumerEventName[] = [];
  for (const name of ['standby', 'claimed', 'fenced'] as const) consumer.on(name, () => turns.push(name));
  return turns;
}

const LEASE_MS = 60_000;

/** Owners and standbys of one consumer in a memory store, all on one clock. */
class Stage {
  readonly clock = new Clock();
  /** Added to the clock of the store alone. */
  serverSkewMs = 0;
  readonly memory = createMemoryStore({
    now: () => 1_700_000_000_000 + this.serverSkewMs + this.clock.environment.now(),
    after: (delayMs, callback) => this.clock.environment.after(delayMs, callback),
  });
  readonly kit = new StoreKit('memory');

  constructor() {
    this.kit.open();
    onTestFinished(() => this.kit.close());
  }

  consumer(options: { standby?: boolean; store?: StreamStore } = {}) {
    const consumer = this.kit.consumer({
      store: this.memory,
      environment: this.clock.environment,
      leaseMs: LEASE_MS,
      ...ledgerOf(this.kit),
      ...options,
    });
    return { consumer, turns: turnsOf(consumer) };
  }

  add(from: number, to: number): void {
    for (let n = from; n <= to; n += 1) this.memory.add(this.kit.name('in'), { n });
  }

  /** Lets time pass until something holds; answers how much that was. */
  async passUntil(holds: () => boolean, mostMs: number): Promise<number> {
    const begun = this.clock.environment.now();
    while (!holds() && this.clock.environment.now() - begun < mostMs) await this.clock.pass(5);
    return this.clock.environment.now() - begun;
  }
}

/** A store whose owner stands still while `isStill`: nothing it asks is asked. */
function stillable(memory: StreamStore) {
  const owner = { isStill: false, calls: [] as string[], goOn: deferred() };
  const store = intercepted(memory, async (call, proceed) => {
    owner.calls.push(call);
    if (owner.isStill && call !== 'read') await owner.goOn.promise;
    return proceed();
  });
  return { owner, store };
}

test('a graceful hand-over costs one look, not a lease', async () => {
  const stage = new Stage();
  stage.add(1, 3);
  const owner = stage.consumer();
  await owner.consumer.start();
  const standby = stage.consumer({ standby: true });
  await standby.consumer.start();
  await stage.clock.pass(LEASE_MS);
  let hasStopped = false;
  void owner.consumer.stop().then(() => (hasStopped = true));
  expect(await stage.passUntil(() => standby.turns.includes('claimed'), LEASE_MS)).toBeLessThanOrEqual(100);
  await stage.clock.pass(1);
  expect(hasStopped).toBe(true);
  expect(standby.consumer.state).toEqual(owner.consumer.state);
});

test('stop() of a standby does not wait for any time to pass', async () => {
  const stage = new Stage();
  await stage.consumer().consumer.start();
  const standby = stage.consumer({ standby: true });
  await standby.consumer.start();
  await stage.clock.pass(0);
  const before = stage.clock.environment.now();
  await standby.consumer.stop();
  expect(stage.clock.environment.now()).toBe(before);
  expect(standby.turns).toEqual(['standby']);
});

test('an owner that stands still is taken over after the lease and not before, whatever the clock of the server does', async () => {
  for (const leapMs of [0, 86_400_000, -86_400_000]) {
    const stage = new Stage();
    stage.add(1, 3);
    const { owner: control, store } = stillable(stage.memory);
    const owner = stage.consumer({ store });
    await owner.consumer.start();
    const standby = stage.consumer({ standby: true });
    await standby.consumer.start();
    await stage.clock.pass(5 * LEASE_MS);
    stage.serverSkewMs += leapMs;
    control.isStill = true;
    await stage.clock.pass(LEASE_MS / 4);
    stage.serverSkewMs += leapMs;
    expect(standby.turns).toEqual(['standby']);
    const passed = LEASE_MS / 4 + (await stage.passUntil(() => standby.turns.length > 1, 3 * LEASE_MS));
    // The last sign of life may have been a third of the lease before.
    expect(passed).toBeGreaterThanOrEqual((LEASE_MS * 2) / 3 - 100);
    expect(passed).toBeLessThanOrEqual(LEASE_MS + 100);
    stage.add(4, 4);
    await stage.clock.pass(100);
    expect(standby.consumer.state.count).toBe(4);
    control.goOn.resolve();
    control.isStill = false;
    await stage.clock.pass(LEASE_MS);
    expect(owner.turns).toEqual(['claimed', 'fenced']);
    expect(await failureOf(owner.consumer.closed)).toMatchObject({ code: 'ARS_FENCED' });
    expect(stage.memory.entries(stage.kit.name('out'))).toHaveLength(4);
  }
});

test('a clock of the server that leaps takes nothing from an idle owner', async () => {
  const stage = new Stage();
  const owner = stage.consumer();
  await owner.consumer.start();
  const standby = stage.consumer({ standby: true });
  await standby.consumer.start();
  for (const leapMs of [3_600_000, -7_200_000, 86_400_000, -86_400_000, 1]) {
    stage.serverSkewMs += leapMs;
    await stage.clock.pass(1.7 * LEASE_MS);
  }
  expect([owner.turns, standby.turns]).toEqual([['claimed'], ['standby']]);
});

test('a busy owner shows life by its commits alone, and is not taken over', async () => {
  const stage = new Stage();
  const { owner: control, store } = stillable(stage.memory);
  const owner = stage.consumer({ store });
  await owner.consumer.start();
  const standby = stage.consumer({ standby: true });
  await standby.consumer.start();
  stage.add(1, 1);
  await stage.clock.pass(1);
  control.calls.length = 0;
  for (let n = 2; n <= 40; n += 1) {
    stage.add(n, n);
    await stage.clock.pass(LEASE_MS / 4);
  }
  expect(control.calls.filter((call) => call === 'commit')).toHaveLength(39);
  expect(control.calls.filter((call) => call === 'renew')).toEqual([]);
  expect(standby.turns).toEqual(['standby']);
  control.calls.length = 0;
  await stage.clock.pass(4 * LEASE_MS);
  expect(control.calls.filter((call) => call === 'renew').length).toBeGreaterThanOrEqual(11);
  expect([owner.turns, standby.turns]).toEqual([['claimed'], ['standby']]);
});

test('an owner in a handler that takes longer than the lease is not taken over', async () => {
  const stage = new Stage();
  const gate = deferred();
  const { state, handler } = ledgerOf(stage.kit);
  const owner = stage.kit.consumer({
    store: stage.memory,
    environment: stage.clock.environment,
    leaseMs: LEASE_MS,
    state,
    handler: (message, transaction) => gate.promise.then(() => handler(message, transaction)),
  });
  await owner.start();
  stage.add(1, 2);
  const standby = stage.consumer({ standby: true });
  await standby.consumer.start();
  await stage.clock.pass(5 * LEASE_MS);
  gate.resolve();
  await stage.clock.pass(10);
  expect(owner.state.count).toBe(2);
  expect(standby.turns).toEqual(['standby']);
});

test('an outage of the store for longer than the lease does not make a standby take over', async () => {
  const stage = new Stage();
  let isAway = false;
  let comeBack = deferred();
  const behind = (): StreamStore =>
    intercepted(stage.memory, async (_, proceed) => {
      if (isAway) await comeBack.promise;
      return proceed();
    });
  const owner = stage.consumer({ store: behind() });
  await owner.consumer.start();
  const standby = stage.consumer({ store: behind(), standby: true });
  await standby.consumer.start();
  for (let outage = 0; outage < 3; outage += 1) {
    await stage.clock.pass(1.1 * LEASE_MS);
    isAway = true;
    comeBack = deferred();
    await stage.clock.pass(3 * LEASE_MS);
    isAway = false;
    comeBack.resolve();
  }
  await stage.clock.pass(3 * LEASE_MS);
  expect([owner.turns, standby.turns]).toEqual([['claimed'], ['standby']]);
});

test('connections that are lost again and again do not make a standby take over', async () => {
  const stage = new Stage();
  const owner = stage.consumer();
  await owner.consumer.start();
  const standby = stage.consumer({ standby: true });
  await standby.consumer.start();
  for (let cut = 0; cut < 30; cut += 1) {
    stage.memory.disconnect();
    await stage.clock.pass(LEASE_MS / 5);
  }
  await stage.clock.pass(2 * LEASE_MS);
  expect([owner.turns, standby.turns]).toEqual([['claimed'], ['standby']]);
  void owner.consumer.stop();
  expect(await stage.passUntil(() => standby.turns.length > 1, LEASE_MS)).toBeLessThanOrEqual(2_100);
});
