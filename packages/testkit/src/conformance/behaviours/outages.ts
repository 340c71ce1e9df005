import type { ConsumerHome, RegisteredConsumer, StreamReader } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import { within } from '../deadline.js';
import { commitOf, type Owner, publishOf, stateOf } from '../owner.js';
import { requestOf, type Trial } from '../trial.js';

const UNAVAILABLE = 'ARS_STORE_UNAVAILABLE';

async function readerFails(trial: Trial, reader: StreamReader): Promise<void> {
  await checkRejects(reader.read(requestOf([trial.cursor('in')])), UNAVAILABLE, 'a read after the end');
  await checkRejects(reader.locate(trial.stream('in'), 'end'), UNAVAILABLE, 'a locate after the end');
}

async function homeFails({ home, token, base }: Pick<Owner, 'home' | 'token' | 'base'>): Promise<void> {
  await checkRejects(home.inspect(), UNAVAILABLE, 'an inspect after the end');
  await checkRejects(home.renew(token), UNAVAILABLE, 'a renewal after the end');
  await checkRejects(home.commit(token, commitOf(base)), UNAVAILABLE, 'a commit after the end');
  await checkRejects(home.release(token), UNAVAILABLE, 'a release after the end');
  await checkRejects(home.glance(), UNAVAILABLE, 'a glance after the end');
}

async function careFails(trial: Trial): Promise<void> {
  const [{ store }, stream] = [trial, trial.stream('in')];
  await checkRejects(store.trim(stream, 'consumed'), UNAVAILABLE, 'trimming in a closed store');
  await checkRejects(store.consumers(stream), UNAVAILABLE, 'the consumers in a closed store');
  await checkRejects(
    store.register(trial.address(), [trial.cursor('in')]),
    UNAVAILABLE,
    'registering in a closed store',
  );
  await checkRejects(store.unregister(trial.address()), UNAVAILABLE, 'unregistering in a closed store');
  const entries = [{ id: '1-0', fields: ['n', '1'] }];
  const moving = store.move({ from: stream, to: trial.stream('out'), entries });
  await checkRejects(moving, UNAVAILABLE, 'a move in a closed store');
}

function closeTwice(opened: StreamReader | ConsumerHome): void {
  opened.close();
  opened.close();
}

async function closesOne(trial: Trial): Promise<void> {
  const [reader, other] = [await trial.reader(), await trial.reader()];
  const owner = await trial.own();
  closeTwice(reader);
  await readerFails(trial, reader);
  await trial.readOnce(other, trial.cursor('in'));
  await owner.commit();
  closeTwice(owner.home);
  await homeFails(owner);
  await trial.readOnce(other, trial.cursor('in'));
}

async function closesAll(trial: Trial): Promise<void> {
  const [reader, waiting, owner] = [await trial.reader(), await trial.reader(), await trial.own()];
  const reading = waiting.read(requestOf([trial.cursor('in')], { waitMs: 60_000 }));
  reading.catch(() => {});
  await trial.store.close();
  await checkRejects(
    within(3_000, reading, 'a waiting read of a closed store'),
    UNAVAILABLE,
    'a waiting read of a closed store',
  );
  await readerFails(trial, reader);
  await homeFails(owner);
  await checkRejects(trial.store.openReader(), UNAVAILABLE, 'a reader of a closed store');
  await checkRejects(trial.store.openHome(trial.address()), UNAVAILABLE, 'a home of a closed store');
  await careFails(trial);
  await trial.store.close();
}

async function losesNothing(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  const [reader, owner] = [await trial.reader(), await trial.own()];
  await trial.readOnce(reader, trial.cursor('in')); // some connect only now
  await owner.commit({ cursors: [trial.cursor('in', ids[0], 1)], state: stateOf({ a: '1' }) });
  const before = await trial.picture(['in']);
  await trial.hook('disconnect')();
  await readerFails(trial, reader);
  await homeFails(owner);
  checkEqual(await trial.picture(['in']), before, 'everything, before and after a lost connection');
  const home = await trial.home();
  const token = { ...owner.token, renewal: 1 };
  checkEqual(
    { ...(await home.renew(token)) },
    { outcome: 'held', commitId: owner.base },
    'a renewal over a new connection',
  );
  checkEqual((await home.commit(token, commitOf(owner.base))).outcome, 'committed', 'a commit after it');
}

async function rewinds(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1);
  const owner = await trial.own();
  await owner.commit({
    cursors: [trial.cursor('in', ids[0], 1)],
    state: stateOf({ a: '1' }),
    publishes: [publishOf(trial.stream('out'), '1')],
  });
  const before = await trial.picture(['in', 'out']);
  const reader = await trial.reader();
  await trial.readOnce(reader, trial.cursor('in'));
  const history = reader.history;
  const copy = await trial.hook('olderCopy')();
  const lost = commitOf(owner.base, { state: stateOf({ a: '2' }), publishes: [publishOf(trial.stream('out'), '2')] });
  await owner.home.commit(owner.token, lost);
  await copy.restore();
  await homeFails(owner);
  checkEqual(await trial.picture(['in', 'out']), before, 'everything, after an older copy was restored');
  const [home, after] = [await trial.home(), await trial.reader()];
  await trial.readOnce(after, trial.cursor('in'));
  check(after.history === undefined || after.history !== history, 'a restored server tells another history, or none');
  checkEqual(
    { ...(await home.renew(owner.token)) },
    { outcome: 'held', commitId: owner.base },
    'a renewal after the restore',
  );
  const onLost = commitOf(lost.commitId);
  checkEqual({ ...(await home.commit(owner.token, onLost)) }, { outcome: 'stale' }, 'a commit on one that was lost');
  checkEqual((await home.commit(owner.token, lost)).outcome, 'committed', 'the lost commit sent again');
}

async function rewindsTheRest(trial: Trial): Promise<void> {
  const [id] = await trial.add('in', 1);
  const suspect = { stream: trial.stream('in'), id: id!, count: 1 };
  const owner = await trial.own({ isKeyed: true });
  await owner.commit({ state: stateOf({ a: '1' }), suspect });
  const foreign = trial.address({ readsHere: false });
  await trial.store.register(foreign, [trial.cursor('in', '1-0', 1)]);
  const registered = sortedByName(await trial.store.consumers(trial.stream('in')));
  const copy = await trial.hook('olderCopy')();
  await owner.commit({ state: stateOf({ a: '2', b: '2' }), cursors: [trial.cursor('in', id, 1)] });
  await trial.store.register(foreign, [trial.cursor('in', '2-0', 2)]);
  await copy.restore();
  const home = await trial.home({ isKeyed: true });
  const after = await home.load(owner.token, ['a', 'b']);
  checkEqual({ ...after }, { outcome: 'loaded', values: ['1', undefined] }, 'the states of keys, after the restore');
  checkEqual((await home.inspect()).record?.suspect, suspect, 'the mark of a suspect, after the restore');
  const left = sortedByName(await trial.store.consumers(trial.stream('in')));
  checkEqual(left, registered, 'who is registered, after the restore');
}

function sortedByName(consumers: readonly RegisteredConsumer[]): RegisteredConsumer[] {
  return [...consumers].sort((one, other) => (one.name < other.name ? -1 : 1));
}

async function namesItself(trial: Trial): Promise<void> {
  const { name } = trial.store;
  check(typeof name === 'string' && name !== '', 'a store has a name');
  check(!/\/\/[^/]*:[^/]*@/.test(name), "a store's name holds no credentials");
  checkEqual(
    trial.store.placementProblem(trial.tag, trial.stream('out')),
    undefined,
    "why a stream with the home's tag could not be a target",
  );
}

/** What ends, and what survives. */
export const OUTAGES: BehaviourGroup = {
  group: 'outages',
  behaviours: [
    { name: 'a closed reader or home fails, the others go on', check: closesOne },
    { name: 'a closed store fails, with everything it opened', check: closesAll },
    { name: 'a lost connection loses nothing else', needs: ['disconnect'], check: losesNothing },
    { name: 'an older copy is older in all its parts, and its history another', needs: ['olderCopy'], check: rewinds },
    { name: 'keys, marks and registries are older in an older copy, too', needs: ['olderCopy'], check: rewindsTheRest },
    { name: 'a store names itself without credentials', check: namesItself },
  ],
};
