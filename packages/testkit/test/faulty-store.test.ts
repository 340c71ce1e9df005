import type { CommitAnswer, ConsumerAddress, ConsumerHome, Token } from '@ars/core';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import { expect, test } from 'vitest';
import { createFaultPlan, type FaultPlan, type FaultyStore, faultyStore } from '../src/index.js';

const address: ConsumerAddress = {
  consumerId: 'worker',
  home: 'in',
  scope: 'in',
  streams: ['in'],
  readsHere: true,
  stateName: undefined,
  isKeyed: false,
};
const UNAVAILABLE = { code: 'ARS_STORE_UNAVAILABLE' };

interface Scene {
  readonly memory: MemoryStore;
  readonly faults: FaultPlan;
  readonly store: FaultyStore;
  readonly home: ConsumerHome;
  readonly token: Token;
  readonly commit: (commitId: string, base: string) => Promise<CommitAnswer>;
  readonly outputs: () => number;
}

async function scene(): Promise<Scene> {
  const memory = createMemoryStore();
  const faults = createFaultPlan();
  const store = faultyStore(memory, faults);
  const home = await store.openHome(address);
  const token = { owner: 'a'.repeat(32), renewal: 0 };
  await home.claim({ expectedEpoch: 0, ownEpoch: 0, owner: token.owner, starts: [] });
  const commit = (commitId: string, base: string): Promise<CommitAnswer> => {
    const publishes = [{ stream: 'out', fields: ['n', commitId] }];
    const nothing = { cursors: [], state: undefined, attempt: undefined, suspect: undefined };
    return home.commit(token, { commitId, base, ...nothing, publishes });
  };
  return { memory, faults, store, home, token, commit, outputs: () => memory.entries('out').length };
}

test('without a plan everything passes', async () => {
  const { commit, outputs, token } = await scene();
  expect(await commit('1', token.owner)).toEqual({ outcome: 'committed' });
  expect(outputs()).toBe(1);
});

test('a call lost before the store has no effect, one lost after it has', async () => {
  const { commit, faults, outputs, token } = await scene();
  faults.next('before-commit', 'lose');
  faults.next('after-commit', 'lose');
  await expect(commit('1', token.owner)).rejects.toMatchObject({ ...UNAVAILABLE, details: { ran: false } });
  expect(outputs()).toBe(0);
  await expect(commit('1', token.owner)).rejects.toMatchObject({ ...UNAVAILABLE, details: { ran: 'unknown' } });
  expect(outputs()).toBe(1);
  expect(await commit('1', token.owner)).toEqual({ outcome: 'already' });
  expect(Object.fromEntries(faults.counts)).toEqual({ 'before-commit lose': 1, 'after-commit lose': 1 });
});

test('a fault can be ordered for a later call', async () => {
  const { commit, faults, token } = await scene();
  faults.next('after-commit', 'lose', 2);
  await commit('1', token.owner);
  await commit('2', '1');
  await expect(commit('3', '2')).rejects.toMatchObject(UNAVAILABLE);
});

test('a delayed call goes on when it is released, and tells what it was answered', async () => {
  const { commit, faults, outputs, token } = await scene();
  const held = faults.next('before-commit', 'delay');
  const answering = commit('1', token.owner);
  await held.reached;
  expect(outputs()).toBe(0);
  expect(await held.release()).toEqual({ outcome: 'committed' });
  expect(await answering).toEqual({ outcome: 'committed' });
});

test('a delayed call arrives even after its connection is cut, and its caller does not learn', async () => {
  const { commit, faults, outputs, store, token } = await scene();
  const held = faults.next('before-commit', 'delay');
  const answering = commit('1', token.owner);
  await held.reached;
  store.cut();
  await expect(answering).rejects.toMatchObject(UNAVAILABLE);
  expect(await held.release()).toEqual({ outcome: 'committed' });
  expect(outputs()).toBe(1);
});

test('a delayed call does not arrive at another server than it was sent to', async () => {
  const { commit, faults, memory, outputs, token } = await scene();
  const snapshot = memory.snapshot();
  const held = faults.next('before-commit', 'delay');
  const answering = commit('1', token.owner);
  await held.reached;
  memory.restoreSnapshot(snapshot);
  await expect(held.release()).rejects.toMatchObject(UNAVAILABLE);
  await expect(answering).rejects.toMatchObject(UNAVAILABLE);
  expect(outputs()).toBe(0);
});

test('a duplicate arrives after others', async () => {
  const { commit, faults, outputs, token } = await scene();
  const copy = faults.next('before-commit', 'duplicate');
  await commit('1', token.owner);
  await commit('2', '1');
  expect(await copy.release()).toEqual({ outcome: 'stale' });
  expect(outputs()).toBe(2);
});

test('faults happen to what is done from outside transactions, too', async () => {
  const { faults, memory, outputs, store } = await scene();
  const id = memory.add('in', { n: 1 });
  const request = { from: 'in', to: 'out', entries: [{ id, fields: ['n', '1'] }] };
  faults.next('before-move', 'lose');
  faults.next('after-move', 'lose');
  await expect(store.move(request)).rejects.toMatchObject({ ...UNAVAILABLE, details: { ran: false } });
  expect(outputs()).toBe(0);
  await expect(store.move(request)).rejects.toMatchObject({ ...UNAVAILABLE, details: { ran: 'unknown' } });
  expect(await store.move(request)).toEqual({ moved: 0, held: 0 });
  expect(outputs()).toBe(1);
  faults.next('before-trim', 'cut');
  await expect(store.trim('out', { maxLength: 0 })).rejects.toMatchObject(UNAVAILABLE);
  expect(await store.trim('out', { maxLength: 0 })).toBe(1);
});

test('faults happen to glances and loads', async () => {
  const { faults, store, token } = await scene();
  const home = await store.openHome({ ...address, isKeyed: true });
  faults.next('before-glance', 'lose');
  await expect(home.glance()).rejects.toMatchObject(UNAVAILABLE);
  expect((await home.glance())?.owner).toBe(token.owner);
  const held = faults.next('after-load', 'delay');
  const loading = home.load(token, ['a']);
  await held.reached;
  expect(await held.release()).toEqual({ outcome: 'loaded', values: [undefined] });
  expect(await loading).toEqual({ outcome: 'loaded', values: [undefined] });
});

test('a cut ends what is open, and only that', async () => {
  const { commit, faults, home, memory, store, token } = await scene();
  const reader = await store.openReader();
  const request = { cursors: [{ stream: 'in', position: '0-0', read: 0 }], maxEntries: 1, maxBytes: 1, waitMs: 60_000 };
  const waiting = reader.read(request);
  faults.next('before-commit', 'cut');
  await expect(commit('1', token.owner)).rejects.toMatchObject(UNAVAILABLE);
  await expect(waiting).rejects.toMatchObject(UNAVAILABLE);
  await expect(home.inspect()).rejects.toMatchObject(UNAVAILABLE);
  const again = await store.openHome(address);
  expect((await again.inspect()).record?.owner).toBe(token.owner);
  await memory.append({ stream: 'in', fields: ['n', '1'], idempotencyKey: undefined });
});

test('a killed process can do nothing any more, and others go on', async () => {
  const { commit, faults, memory, store, token } = await scene();
  faults.next('after-commit', 'kill');
  await expect(commit('1', token.owner)).rejects.toMatchObject(UNAVAILABLE);
  await store.killed;
  expect(store.isKilled).toBe(true);
  await expect(store.openReader()).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.openHome(address)).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.tail(['in'])).rejects.toMatchObject(UNAVAILABLE);
  await expect(store.append({ stream: 'in', fields: ['n', '1'], idempotencyKey: undefined })).rejects.toMatchObject(
    UNAVAILABLE,
  );
  const calls = [
    () => store.trim('in', 'consumed'),
    () => store.consumers('in'),
    () => store.register(address, []),
    () => store.unregister(address),
    () => store.move({ from: 'in', to: 'out', entries: [] }),
    () => store.audit(),
  ];
  for (const call of calls) await expect(call()).rejects.toMatchObject(UNAVAILABLE);
  expect((await (await memory.openHome(address)).inspect()).record?.commitId).toBe('1');
});

test('a seed chooses the same faults again', async () => {
  const run = async (seed: number): Promise<string[]> => {
    const faults = createFaultPlan({ seed, chance: 0.3, faults: ['lose'] });
    const home = await faultyStore(createMemoryStore(), faults).openHome(address);
    const outcomes: string[] = [];
    for (let call = 0; call < 50; call += 1) {
      outcomes.push(
        await home.inspect().then(
          () => 'passed',
          () => 'lost',
        ),
      );
    }
    return outcomes;
  };
  expect(await run(1)).toEqual(await run(1));
  expect(await run(1)).not.toEqual(await run(2));
  expect(new Set(await run(1))).toEqual(new Set(['passed', 'lost']));
});

test('faults by chance end when the plan heals', async () => {
  const faults = createFaultPlan({ chance: { 'before-inspect': 1 }, faults: ['lose'] });
  const home = await faultyStore(createMemoryStore(), faults).openHome(address);
  await expect(home.inspect()).rejects.toMatchObject(UNAVAILABLE);
  faults.heal();
  await home.inspect();
});
