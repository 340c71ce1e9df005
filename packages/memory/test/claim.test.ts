import { expect, test } from 'vitest';
import { createMemoryStore } from '../src/index.js';
import { address, change, cursor, own, token } from './owner.js';

test('inspecting a consumer that never ran finds nothing and writes nothing', async () => {
  const home = await createMemoryStore().openHome(address());
  const nothing = { record: undefined, isRegistered: false, state: undefined };
  expect(await home.inspect()).toEqual(nothing);
  expect(await home.inspect()).toEqual(nothing);
});

test('a first claim makes a record with the start cursors and the owner as commitId', async () => {
  let now = 1_000;
  const store = createMemoryStore({ now: () => now });
  const home = await store.openHome(address());
  const starts = [cursor('orders', '5-0', 7)];
  const answer = await home.claim({ expectedEpoch: 0, ownEpoch: 0, owner: 'a'.repeat(32), starts });
  now = 1_250;
  expect(answer).toMatchObject({ outcome: 'claimed', epoch: 1, inspection: { record: { quietMs: 0 } } });
  expect(await home.inspect()).toEqual({
    record: {
      layout: '1',
      epoch: 1,
      owner: 'a'.repeat(32),
      heartbeat: 1_000,
      quietMs: 250,
      commitId: 'a'.repeat(32),
      cursors: starts,
      stateCommit: undefined,
      serializer: undefined,
      attempt: undefined,
      suspect: undefined,
    },
    isRegistered: true,
    state: undefined,
  });
});

test('a claim on another epoch than the stored one is a conflict and changes nothing', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  const before = await first.home.inspect();
  const late = { expectedEpoch: 0, ownEpoch: 9, owner: token(), starts: [cursor('orders', '9-9', 9)] };
  expect(await first.home.claim(late)).toEqual({ outcome: 'conflict' });
  expect(await first.home.inspect()).toMatchObject({
    ...before,
    record: { ...before.record, quietMs: expect.any(Number) },
  });
  const other = await store.openHome(address({ consumerId: 'other' }));
  expect(await other.claim({ ...late, expectedEpoch: 3 })).toEqual({ outcome: 'conflict' });
  expect((await other.inspect()).record).toBeUndefined();
});

test('the same claim sent again answers as before, also after renewals and commits', async () => {
  const owner = await own(createMemoryStore());
  await owner.home.renew({ ...owner.token, renewal: 3 });
  owner.token = { ...owner.token, renewal: 3 };
  await owner.commit();
  const again = { expectedEpoch: 0, ownEpoch: 0, owner: owner.token.owner, starts: [] };
  expect(await owner.home.claim(again)).toMatchObject({ outcome: 'claimed', epoch: 1 });
  expect(await owner.commit()).toEqual({ outcome: 'committed' });
});

test('a takeover raises the epoch above both and keeps commitId, cursors and state', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  await first.commit({ cursors: [cursor('orders', '0-0', 0)], state: change({ n: '1' }) });
  const request = {
    expectedEpoch: 1,
    ownEpoch: 7,
    owner: token(),
    starts: [cursor('orders', '9-0', 9), cursor('new')],
  };
  const answer = await first.home.claim(request);
  expect(answer).toMatchObject({
    outcome: 'claimed',
    epoch: 8,
    inspection: {
      record: { commitId: first.base, cursors: [cursor(), cursor('new')], serializer: 'json', stateCommit: first.base },
      state: { isOwn: true, commitId: first.base, version: 1, declared: ['n'], attributes: new Map([['n', '1']]) },
    },
  });
});

test('a new owner begins with renewal 0, however far the old one was', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  await first.home.renew({ ...first.token, renewal: 5 });
  const second = await own(store);
  expect(second.token.renewal).toBe(0);
  expect(await second.commit()).toEqual({ outcome: 'committed' });
});

test('of two who claim the same epoch one wins', async () => {
  const store = createMemoryStore();
  const homes = await Promise.all([store.openHome(address()), store.openHome(address())]);
  const answers = await Promise.all(
    homes.map((home) => home.claim({ expectedEpoch: 0, ownEpoch: 0, owner: token(), starts: [] })),
  );
  expect(answers.map(({ outcome }) => outcome)).toEqual(['claimed', 'conflict']);
});

test('a renewal raises the number and the heartbeat, and only then do commits need it', async () => {
  let now = 0;
  const owner = await own(createMemoryStore({ now: () => now }));
  now = 500;
  const renewed = { ...owner.token, renewal: 2 };
  expect(await owner.home.renew(renewed)).toEqual({ outcome: 'held', commitId: owner.base });
  expect(await owner.home.renew(renewed)).toEqual({ outcome: 'held', commitId: owner.base });
  expect((await owner.home.inspect()).record).toMatchObject({ quietMs: 0, commitId: owner.base, epoch: 1 });
  expect(await owner.commit()).toEqual({ outcome: 'fenced' });
  expect(await owner.home.renew({ ...owner.token, renewal: 1 })).toEqual({ outcome: 'fenced', epoch: 1 });
  owner.token = renewed;
  expect(await owner.commit()).toEqual({ outcome: 'committed' });
});

test('a renewal after a takeover is fenced and names the epoch; without a record it is gone', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  await own(store);
  expect(await first.home.renew(first.token)).toEqual({ outcome: 'fenced', epoch: 2 });
  store.evict('record', 'worker');
  expect(await first.home.renew(first.token)).toEqual({ outcome: 'gone' });
});

test('a release gives ownership up, keeps the rest, and does nothing for another token', async () => {
  const store = createMemoryStore();
  const first = await own(store);
  const second = await own(store);
  await first.home.release(first.token);
  expect(await second.commit()).toEqual({ outcome: 'committed' });
  await second.home.release(second.token);
  await second.home.release(second.token);
  expect((await second.home.inspect()).record).toMatchObject({ owner: '', epoch: 2, commitId: second.base });
  expect(await second.commit()).toEqual({ outcome: 'fenced' });
  expect(await second.home.commit({ owner: '', renewal: 0 }, second.content())).toEqual({ outcome: 'fenced' });
});

test('consumers whose names run together by concatenation are kept apart', async () => {
  const store = createMemoryStore();
  await own(store, { scope: '{t}a:b', consumerId: 'c', stateName: 'x' });
  for (const other of [
    { scope: '{t}a', consumerId: 'b:c' },
    { scope: '{t}a%3Ab', consumerId: 'c' },
  ]) {
    const home = await store.openHome(address({ ...other, stateName: 'x' }));
    expect((await home.inspect()).record).toBeUndefined();
  }
});

test('a consumer that reads elsewhere is not registered with the streams of the same name here', async () => {
  const store = createMemoryStore();
  const owner = await own(store, { readsHere: false });
  await owner.commit({ cursors: [cursor('orders', '9-0', 9)] });
  expect(await owner.home.inspect()).toMatchObject({ isRegistered: false });
  const same = await store.openHome(address());
  expect(await same.inspect()).toMatchObject({ isRegistered: false, record: { epoch: 1 } });
});
