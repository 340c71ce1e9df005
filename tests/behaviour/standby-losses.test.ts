import { type ConsumerEventName, type StreamStore, StoreUnavailableError } from '@ars/core';
import { expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describeStores, type KitConsumer, type StoreKit } from './stores.js';
import { failureOf } from './support/deferred.js';
import { intercepted } from './support/intercepted-store.js';
import { expectLedger, ledgerOf } from './support/ledger.js';

const LONG = 600_000;

/** The names of what a consumer tells about its ownership, in order. */
function turnsOf(consumer: KitConsumer): ConsumerEventName[] {
  const turns: ConsumerEventName[] = [];
  for (const name of ['standby', 'claimed', 'fenced'] as const) consumer.on(name, () => turns.push(name));
  return turns;
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

  test.each(['claim', 'persist'] as const)(
    'a standby whose turn is cut short in its %s does not wait for a lease of its own',
    async (cutCall) => {
      await kit.addNumbers('in', 1, 3);
      const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
      await owner.caughtUp();
      let cuts = 0;
      const between = intercepted(kit.connect(), async (call, proceed) => {
        const answer = call === 'persist' ? (true as never) : await proceed();
        if (call !== cutCall || (cuts += 1) > 1) return answer;
        throw new StoreUnavailableError('the answer was lost', { reason: 'CONNECTION', ran: 'unknown' });
      });
      const store: StreamStore = { ...between, durability: ['replicas'] };
      const durability = { replicas: 1 };
      const standby = kit.consumer({ ...ledgerOf(kit), store, durability, standby: true, leaseMs: LONG });
      const turns = turnsOf(standby);
      await standby.start();
      await owner.stop();
      await waitFor(() => turns.includes('claimed'), 'the standby to own the consumer');
      await kit.addNumbers('in', 4, 5);
      await standby.caughtUp();
      expect(cuts).toBeGreaterThan(0);
      await expectLedger(kit, 5);
    },
  );

  test('a standby whose claim was cut short does not claim what another has taken since', async () => {
    const owner = await kit.started({ ...ledgerOf(kit), leaseMs: LONG });
    const other = kit.connect();
    let cuts = 0;
    const store = intercepted(kit.connect(), async (call, proceed) => {
      const answer = await proceed();
      if (call !== 'claim' || (cuts += 1) > 1) return answer;
      await kit.started({ ...ledgerOf(kit), store: other, leaseMs: LONG });
      throw new StoreUnavailableError('the answer was lost', { reason: 'CONNECTION', ran: 'unknown' });
    });
    const looks = { count: 0 };
    const looking = intercepted(store, (call, proceed) => ((looks.count += call === 'glance' ? 1 : 0), proceed()));
    const standby = kit.consumer({ ...ledgerOf(kit), store: looking, standby: true, leaseMs: LONG });
    const turns = turnsOf(standby);
    await standby.start();
    await owner.stop();
    await waitFor(() => cuts === 1, 'the claim to be cut short');
    const { count } = looks;
    await waitFor(() => looks.count >= count + 3, 'the standby to look on');
    expect([turns, cuts]).toEqual([['standby'], 1]);
    expect((await sightOf(kit))!.epoch).toBe(3);
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
