import type { ConsumerAddress } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { inspected } from '../inspected.js';
import { stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

async function findsNothing(trial: Trial): Promise<void> {
  const inspection = await (await trial.home()).inspect();
  checkEqual(
    { ...inspection },
    { record: undefined, isRegistered: false, state: undefined },
    'a consumer never claimed',
  );
}

async function writesNothing(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1' }) });
  const before = await trial.picture(['in']);
  const stranger = await trial.home({ consumerId: 'stranger' });
  for (let turn = 0; turn < 2; turn += 1) {
    checkEqual((await stranger.inspect()).isRegistered, false, 'whether inspecting registers a consumer');
    await (await trial.home()).inspect();
  }
  checkEqual(await trial.picture(['in']), before, 'everything, before and after inspecting');
  checkEqual(
    (await (await trial.home({ consumerId: 'stranger' })).inspect()).record,
    undefined,
    'the record of who only inspected',
  );
  await owner.commit();
}

async function showsRecord(trial: Trial): Promise<void> {
  const starts = [trial.cursor('in', '0-0', 0)];
  const owner = await trial.own({}, starts);
  const inspection = await (await trial.home()).inspect();
  const { record, isRegistered, state } = inspected(inspection);
  const expected = {
    layout: '1', epoch: 1, owner: owner.token.owner, heartbeat: 0, quietMs: 0, commitId: owner.token.owner, cursors: starts,
    stateCommit: undefined, serializer: undefined, attempt: undefined, suspect: undefined,
  }; // prettier-ignore
  checkEqual(record, expected, 'the record after a first claim');
  checkEqual([isRegistered, state], [true, undefined], 'isRegistered and state after a first claim');
  const quietMs = inspection.record?.quietMs ?? -1;
  check(quietMs >= 0 && quietMs < 60_000, `quietMs is the time since the last sign of life, got ${quietMs}`);
}

async function seesOthersWrites(trial: Trial): Promise<void> {
  const [owner, other] = [await trial.own(), await trial.home()];
  for (let turn = 0; turn < 5; turn += 1) {
    await owner.commit({ state: stateOf({ turn: String(turn) }) });
    const { record, state } = await other.inspect();
    checkEqual([record?.commitId, state?.commitId], [owner.base, owner.base], 'commitIds that another connection sees');
    checkEqual(state?.attributes.get('turn'), String(turn), 'state that another connection sees');
  }
}

async function keepsAddressesApart(trial: Trial): Promise<void> {
  const named = (scope: string, consumerId: string): Partial<ConsumerAddress> => ({
    scope,
    consumerId,
    streams: [scope],
  });
  const addresses = [
    named(trial.stream('a'), 'b:c'),
    named(trial.stream('a:b'), 'c'),
    named(trial.stream('a%3Ab'), 'c'),
    named(trial.stream('a'), 'b%3Ac'),
    named(trial.stream('a'), 'b}c{'),
    { ...named(trial.stream('a'), 'c'), scope: '*' },
    named(trial.stream('a'), 'c'),
    named(trial.stream('*'), 'c'),
  ];
  for (const [index, address] of addresses.entries()) {
    const found = await (await trial.home(address)).inspect();
    checkEqual(
      [found.record, found.state],
      [undefined, undefined],
      `what address ${index} finds before its first claim`,
    );
    await (await trial.own(address)).commit({ state: stateOf({ index: String(index) }) });
  }
  for (const [index, address] of addresses.entries()) {
    const { state } = await (await trial.home(address)).inspect();
    checkEqual(state?.attributes.get('index'), String(index), `the state of address ${index}`);
  }
}

async function registersWhoReadsHere(trial: Trial): Promise<void> {
  const elsewhere = { consumerId: 'relay', readsHere: false };
  const owner = await trial.own(elsewhere);
  await owner.commit({ cursors: [trial.cursor('in', '7-0', 7)] });
  checkEqual((await owner.home.inspect()).isRegistered, false, 'the registration of a consumer that reads elsewhere');
  checkEqual((await (await trial.own()).home.inspect()).isRegistered, true, 'the registration of one that reads here');
}

async function tellsLostRecords(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1' }) });
  await trial.hook('evict')('record', trial.address());
  const { record, isRegistered, state } = await (await trial.home()).inspect();
  checkEqual([record, isRegistered, state?.isOwn], [undefined, true, true], 'what is left when the record is evicted');
  checkEqual(await owner.home.renew(owner.token), { outcome: 'gone' }, 'a renewal without a record');
  checkEqual(await owner.send(), { outcome: 'gone', what: 'record' }, 'a commit without a record');
}

/** What `inspect` answers. */
export const INSPECTING: BehaviourGroup = {
  group: 'inspecting',
  behaviours: [
    { name: 'nothing is found of a consumer that was never claimed', check: findsNothing },
    { name: 'inspecting writes nothing', check: writesNothing },
    { name: 'the record of a first claim is as specified', check: showsRecord },
    { name: 'another connection sees each commit at once', check: seesOthersWrites },
    { name: 'no two addresses share a record or a state', check: keepsAddressesApart },
    { name: 'only a consumer that reads here is registered', check: registersWhoReadsHere },
    { name: 'a record that was evicted is told from one that never was', needs: ['evict'], check: tellsLostRecords },
  ],
};
