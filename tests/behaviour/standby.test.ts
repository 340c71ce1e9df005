import { type ConsumerEventName, type StreamStore, StoreUnavailableError } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
import { describe, expect, test } from 'vitest';
import { Clock } from '../../packages/core/test/care/clock.js';
import { waitFor } from '../support/wait.js';
import { describeStores, type KitConsumer, StoreKit } from './stores.js';
import { deferred, failureOf, nextEvent } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { expectLedger, type Ledger, ledgerOf } from './support/ledger.js';

const LONG = 600_000;

/** The names of what a consumer tells about its ownership, in order. */
function turnsOf(consumer: KitConsumer): ConsumerEventName[] {
  const turns: ConsumerEventName[] = [];
  for (const name of ['standby', 'claimed', 'fenced'] as const) consumer.on(name, () => turns.push(name));
  return turns;
}

/** What is stored, without the signs of life. */
async function dumpOf(kit: StoreKit): Promise<unknown> {
  return kit.backend.dump({ consumerId: 'consumer', scope: kit.name('in') }, kit.name('in'), kit.name('out'));
}

async function sightOf(kit: StoreKit, store = kit.store) {
  const stream = kit.name('in');
  const address = { consumerId: 'consumer', home: kit.tag, scope: stream, streams: [stream], readsHere: true };
  const home = await store.openHome({ ...address, stateName: undefined, isKeyed: false });
  const sight = await home.glance();
  home.close();
  return sight;
}

describeStores((kit) => {
  test('a standby without an owner to wait for owns the consumer when start() resolves', async () => {
    await kit.addNumbers('in', 1, 3);
    const standby = kit.consumer({ ...ledgerOf(kit), standby: true, leaseMs: LONG });
    const turns = turnsOf(standby);
    await standby.start();
    expect(turns).toEqual(['claimed']);
    await standby.caughtUp();
    await expectLedger(kit, 3);
  });

  test('start() resolves when standing by, and changes nothing of what is stored', async () => {
    await kit.addNumbers('in', 1, 3);
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
    await owner.caughtUp();
    const before = await dumpOf(kit);
    const standby = kit.consumer({ ...ledgerOf(kit), store: kit.connect(), standby: true, leaseMs: LONG });
    const turns = turnsOf(standby);
    const told = nextEvent(standby, 'standby');
    await standby.start();
    expect(await told).toEqual({ consumer: 'consumer' });
    expect(turns).toEqual(['standby']);
    expect(await dumpOf(kit)).toEqual(before);
    expect(standby.state).toEqual({ count: 0, hash: 0 });
    await kit.addNumbers('in', 4, 6);
    await owner.caughtUp();
    expect(turns).toEqual(['standby']);
    await expectLedger(kit, 6);
  });

  test('an owner that stops hands over at once, whatever the lease, with the state of its last commit', async () => {
    await kit.addNumbers('in', 1, 5);
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
    const standby = kit.consumer({ ...ledgerOf(kit), store: kit.connect(), standby: true, leaseMs: LONG });
    const turns = turnsOf(standby);
    let inherited: unknown;
    standby.on('claimed', ({ epoch, cursors }) => (inherited = { epoch, cursors, state: standby.state }));
    await standby.start();
    await owner.caughtUp();
    await owner.stop();
    const ids = await kit.addNumbers('in', 6, 9);
    await waitFor(() => turns.includes('claimed'), 'the standby to own the consumer');
    await standby.caughtUp();
    expect(inherited).toMatchObject({ epoch: 2, cursors: [{ stream: kit.name('in'), read: 5 }], state: owner.state });
    expect(ids).toHaveLength(4);
    await expectLedger(kit, 9);
    expect(turns).toEqual(['standby', 'claimed']);
    expect(kit.logger.texts('warn')).toEqual([]);
  });

  test.each(['stop()', 'the signal'])(
    '%s ends a standby, which has never owned anything and never will',
    async (by) => {
      await kit.addNumbers('in', 1, 3);
      const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
      await owner.caughtUp();
      const abort = new AbortController();
      const { signal } = abort;
      const standby = kit.consumer({ ...ledgerOf(kit), store: kit.connect(), standby: true, leaseMs: LONG, signal });
      const turns = turnsOf(standby);
      await standby.start();
      const waiting = failureOf(standby.caughtUp());
      const before = await dumpOf(kit);
      if (by === 'stop()') await standby.stop();
      else abort.abort();
      await expect(standby.closed).resolves.toBeUndefined();
      expect(await waiting).toMatchObject({ code: 'ARS_STOPPED' });
      expect(await dumpOf(kit)).toEqual(before);
      await owner.stop();
      expect(turns).toEqual(['standby']);
      expect(await sightOf(kit)).toMatchObject({ owner: '', epoch: 1 });
    },
  );

  test('a signal that is aborted before a standby starts lets it claim nothing', async () => {
    const signal = AbortSignal.abort();
    const standby = kit.consumer({ ...ledgerOf(kit), standby: true, signal });
    expect(await failureOf(standby.start())).toMatchObject({ code: 'ARS_CONFIGURATION' });
    expect(await sightOf(kit)).toBeUndefined();
  });

  test('caughtUp() of a standby stays pending until its turn has come and all is committed', async () => {
    await kit.addNumbers('in', 1, 3);
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
    await owner.caughtUp();
    const standby = await kit.started({ ...ledgerOf(kit), store: kit.connect(), standby: true, leaseMs: LONG });
    let isCaughtUp = false;
    const waiting = standby.caughtUp().then(() => (isCaughtUp = true));
    await kit.addNumbers('in', 4, 4);
    await owner.caughtUp();
    expect(isCaughtUp).toBe(false);
    await owner.stop();
    await waiting;
    expect(standby.state.count).toBe(4);
    await expectLedger(kit, 4);
  });

  test('of several standbys exactly one wins, and the others stand by on', async () => {
    await kit.addNumbers('in', 1, 5);
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
    const standbys: { consumer: KitConsumer<Ledger>; turns: ConsumerEventName[] }[] = [];
    for (let one = 0; one < 4; one += 1) {
      const consumer = kit.consumer({ ...ledgerOf(kit), store: kit.connect(), standby: true, leaseMs: LONG });
      standbys.push({ consumer, turns: turnsOf(consumer) });
      await consumer.start();
    }
    let last = owner;
    const past = new Set([owner]);
    for (let turn = 1; turn <= 4; turn += 1) {
      await last.caughtUp();
      await last.stop();
      const winners = () => standbys.filter(({ turns }) => turns.includes('claimed'));
      await waitFor(() => winners().length === turn, 'a standby to win');
      await kit.addNumbers('in', turn * 5 + 1, turn * 5 + 5);
      last = winners().find(({ consumer }) => !past.has(consumer))!.consumer;
      past.add(last);
      await last.caughtUp();
      expect(winners()).toHaveLength(turn);
      await expectLedger(kit, turn * 5 + 5);
    }
    for (const { turns } of standbys) expect(turns).toEqual(['standby', 'claimed']);
  });

  test('an idle owner is never taken over while its heartbeat moves', async () => {
    await kit.addNumbers('in', 1, 1);
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: 300 });
    await owner.caughtUp();
    const standby = kit.consumer({ ...ledgerOf(kit), store: kit.connect(), standby: true, leaseMs: 300 });
    const turns = turnsOf(standby);
    await standby.start();
    const seen = new Set<number>();
    await waitFor(async () => seen.add((await sightOf(kit))!.heartbeat).size > 7, 'two leases of an idle owner');
    expect(turns).toEqual(['standby']);
    expect((await sightOf(kit))!.epoch).toBe(1);
  });

  test('a standby whose schema does not fit rejects at start and leaves the owner alone', async () => {
    await kit.addNumbers('in', 1, 3);
    const owner = await kit.started({ ...ledgerOf(kit), stateVersion: 2, leaseMs: LONG });
    await owner.caughtUp();
    const before = await dumpOf(kit);
    const options = { ...ledgerOf(kit), store: kit.connect(), standby: true, leaseMs: LONG };
    const standby = kit.consumer({ ...options, stateVersion: 1 });
    const error = await failureOf(standby.start());
    expect(error).toMatchObject({ code: 'ARS_STATE_SCHEMA' });
    expect(await failureOf(standby.closed)).toBe(error);
    expect(await dumpOf(kit)).toEqual(before);
    await kit.addNumbers('in', 4, 6);
    await owner.caughtUp();
    await expectLedger(kit, 6);
  });

  test('state per key goes to the standby as it was committed last', async () => {
    const options = {
      key: (message: Record<string, unknown>) => String(Number(message['n']) % 3),
      state: { sum: 0 },
      leaseMs: LONG,
      handler: (message: Record<string, unknown>, { state }: { state: { sum: number } }) => {
        state.sum += Number(message['n']);
      },
    };
    await kit.addNumbers('in', 1, 30);
    const owner = await kit.started(options);
    const standby = await kit.started({ ...options, store: kit.connect(), standby: true });
    await owner.caughtUp();
    expect(await standby.stateOf('1')).toEqual(await owner.stateOf('1'));
    await owner.stop();
    await kit.addNumbers('in', 31, 60);
    await standby.caughtUp();
    const sums = await Promise.all(['0', '1', '2'].map((key) => standby.stateOf(key)));
    expect(sums).toEqual([{ sum: 630 }, { sum: 590 }, { sum: 610 }]);
  });

  test('a store that is away while a consumer stands by changes nothing; then the wait goes on', async () => {
    await kit.addNumbers('in', 1, 3);
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
    await owner.caughtUp();
    let isAway = false;
    let refused = 0;
    const store = intercepted(kit.connect(), (call, proceed) => {
      if (!isAway || call !== 'glance') return proceed();
      refused += 1;
      throw new StoreUnavailableError('away for a test', { reason: 'CONNECTION', ran: false });
    });
    const standby = kit.consumer({ ...ledgerOf(kit), store, standby: true, leaseMs: LONG });
    const turns = turnsOf(standby);
    await standby.start();
    isAway = true;
    await waitFor(() => refused >= 3, 'the standby to miss its store');
    expect(turns).toEqual(['standby']);
    isAway = false;
    await owner.stop();
    await standby.caughtUp();
    expect(turns).toEqual(['standby', 'claimed']);
    await expectLedger(kit, 3);
  });

  test('a standby whose store is closed ends with the reason, and claims nothing', async () => {
    const owner = await kit.started({ ...ledgerOf(kit), store: kit.connect(), leaseMs: LONG });
    const own = kit.kind === 'memory' ? brokenBy(kit.connect()) : { store: kit.connect(), close: undefined };
    const standby = await kit.started({ ...ledgerOf(kit), store: own.store, standby: true, leaseMs: LONG });
    await (own.close === undefined ? own.store.close() : own.close());
    expect(await failureOf(standby.closed)).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    expect(await sightOf(kit)).toMatchObject({ epoch: 1 });
    await owner.stop();
  });
});

/** Every memory store of a kit is one and the same, so that closing one for a test must not close it for all. */
function brokenBy(memory: StreamStore): { store: StreamStore; close: () => void } {
  let isClosed = false;
  const store = intercepted(memory, (_, proceed) => {
    if (isClosed) throw new StoreUnavailableError('closed', { reason: 'CLOSED', ran: false });
    return proceed();
  });
  return { store, close: () => (isClosed = true) };
}

describe('on a clock that the test moves', () => {
  const LEASE_MS = 60_000;

  /** Owners and standbys of one consumer in a memory store, all on one clock. */
  class Stage {
    readonly clock = new Clock();
    /** Added to the clock of the store alone. */
    serverSkewMs = 0;
    readonly memory = createMemoryStore({
      now: () => 1_700_000_000_000 + this.serverSkewMs + this.clock.environment.now(),
      after: this.clock.environment.after,
    });
    readonly kit = new StoreKit('memory');

    constructor() {
      this.kit.open();
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
      ...{ store: stage.memory, environment: stage.clock.environment, leaseMs: LEASE_MS, state },
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
});
