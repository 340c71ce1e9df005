import type { ConsumerEventName } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type KitConsumer, type StoreKit } from './stores.js';
import { failureOf, nextEvent } from './support/deferred.js';
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
});
