import type { Commit, CommitAnswer } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { checkEqual, checkRejects } from '../check.js';
import { commitOf, freshToken, type Owner, publishOf, stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

const LAST_ID = '18446744073709551615-18446744073709551615';

/** A commit that writes something of every kind. */
function fullCommit(trial: Trial, base: string, changes: Partial<Commit> = {}): Commit {
  return commitOf(base, {
    state: stateOf({ a: 'changed' }),
    publishes: [publishOf(trial.stream('out'), 'x'), publishOf(trial.stream('more'), 'y')],
    attempt: { stream: trial.stream('in'), id: '1-0', count: 2 },
    ...changes,
  });
}

/** An owner that has committed once, so that there is something to spoil. */
async function ownerWithPast(trial: Trial): Promise<Owner> {
  const ids = await trial.add('in', 1, 2, 3);
  const owner = await trial.own();
  const cursors = [trial.cursor('in', ids[0], 1)];
  await owner.commit({ cursors, state: stateOf({ a: '1' }), publishes: [publishOf(trial.stream('out'), 'first')] });
  return owner;
}

/** Tries something that must have no effect, and compares all there is to see. */
async function leavesNothing<T>(trial: Trial, act: () => Promise<T>): Promise<T> {
  const before = await trial.picture(['in', 'out', 'more']);
  const answer = await act();
  checkEqual(
    await trial.picture(['in', 'out', 'more']),
    before,
    'everything, before and after a commit that is not applied',
  );
  return answer;
}

function answers(actual: CommitAnswer, expected: CommitAnswer, what: string): void {
  checkEqual({ ...actual }, expected, what);
}

async function answersAlready(trial: Trial): Promise<void> {
  const owner = await ownerWithPast(trial);
  const commit = fullCommit(trial, owner.base);
  answers(await owner.home.commit(owner.token, commit), { outcome: 'committed' }, 'a commit');
  const repeat = (): Promise<CommitAnswer> => owner.home.commit(owner.token, commit);
  answers(await leavesNothing(trial, repeat), { outcome: 'already' }, 'the same commit again');
  answers(await leavesNothing(trial, repeat), { outcome: 'already' }, 'the same commit once more');
}

async function appliesOnce(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const commit = commitOf(owner.base, { publishes: [publishOf(trial.stream('out'), 'x')] });
  const found = await Promise.all([1, 2, 3].map(() => owner.home.commit(owner.token, commit)));
  checkEqual(
    found.map(({ outcome }) => outcome).sort(),
    ['already', 'already', 'committed'],
    'one commit sent three times',
  );
  checkEqual(await trial.values('out'), ['x'], 'what it published');
}

async function answersFenced(trial: Trial): Promise<void> {
  const owner = await ownerWithPast(trial);
  const second = await trial.own();
  const send = (token = owner.token): Promise<CommitAnswer> => owner.home.commit(token, fullCommit(trial, owner.base));
  answers(await leavesNothing(trial, () => send()), { outcome: 'fenced' }, 'a commit of an earlier owner');
  const unknown = { owner: freshToken(), renewal: 0 };
  answers(await leavesNothing(trial, () => send(unknown)), { outcome: 'fenced' }, 'a commit of nobody known');
  await second.home.release(second.token);
  answers(await leavesNothing(trial, () => send(second.token)), { outcome: 'fenced' }, 'a commit after the release');
}

async function answersStale(trial: Trial): Promise<void> {
  const owner = await ownerWithPast(trial);
  const [older, newer] = [fullCommit(trial, owner.base), freshToken()];
  await owner.home.commit(owner.token, older);
  owner.base = older.commitId;
  await owner.commit();
  const resent = await leavesNothing(trial, () => owner.home.commit(owner.token, older));
  answers(resent, { outcome: 'stale' }, 'an older commit sent again');
  const ahead = await leavesNothing(trial, () => owner.home.commit(owner.token, fullCommit(trial, newer)));
  answers(ahead, { outcome: 'stale' }, 'a commit on one that never was');
}

async function answersStaleBehind(trial: Trial): Promise<void> {
  const owner = await ownerWithPast(trial);
  const { lastId } = await trial.look('in');
  const cursors = {
    'a position ahead of the stream': ['99999999999999-0', 3],
    'more read than was added': [lastId, 4],
  } as const;
  for (const [what, [position, read]] of Object.entries(cursors)) {
    const commit = fullCommit(trial, owner.base, { cursors: [trial.cursor('in', position, read)] });
    answers(await leavesNothing(trial, () => owner.home.commit(owner.token, commit)), { outcome: 'stale' }, what);
  }
  const missing = fullCommit(trial, owner.base, {
    cursors: [trial.cursor('in', lastId, 3), trial.cursor('nowhere', '1-0', 1)],
  });
  const both = { streams: [trial.stream('in'), trial.stream('nowhere')], scope: trial.stream('in') };
  const home = await trial.home(both);
  answers(
    await leavesNothing(trial, () => home.commit(owner.token, missing)),
    { outcome: 'stale' },
    'a position in a missing stream',
  );
}

async function trustsFarPositions(trial: Trial): Promise<void> {
  const owner = await trial.own({ readsHere: false }, [trial.cursor('in')]);
  await owner.commit({ cursors: [trial.cursor('in', '99-0', 42)] });
  checkEqual(
    (await owner.home.inspect()).record?.cursors,
    [trial.cursor('in', '99-0', 42)],
    'a position in another store',
  );
}

async function answersGone(trial: Trial): Promise<void> {
  const home = await trial.home();
  const answer = await home.commit({ owner: freshToken(), renewal: 0 }, fullCommit(trial, freshToken()));
  answers(answer, { outcome: 'gone', what: 'record' }, 'a commit without a record');
  const found = await trial.picture(['out', 'more']);
  checkEqual(
    [found.inspection.record, found.inspection.state, found.streams.map(({ added }) => added)],
    [undefined, undefined, [0, 0]],
    'what it left',
  );
}

async function answersGoneState(trial: Trial): Promise<void> {
  const owner = await ownerWithPast(trial);
  await trial.hook('evict')('state', trial.address());
  const send = (): Promise<CommitAnswer> => owner.home.commit(owner.token, fullCommit(trial, owner.base));
  answers(await leavesNothing(trial, send), { outcome: 'gone', what: 'state' }, 'a commit whose state was evicted');
}

async function checksInOrder(trial: Trial): Promise<void> {
  await trial.subject.addEntry(trial.stream('full'), ['n', '1'], LAST_ID);
  const first = await ownerWithPast(trial);
  const applied = fullCommit(trial, first.base);
  await first.home.commit(first.token, applied);
  const impossible = { publishes: [publishOf(trial.stream('full'), 'x')] };
  const again = { ...applied, ...impossible };
  answers(await first.home.commit(first.token, again), { outcome: 'already' }, 'applied, and impossible now');
  answers(
    await first.home.commit(first.token, commitOf(freshToken(), impossible)),
    { outcome: 'stale' },
    'stale and impossible',
  );
  await trial.own();
  answers(
    await first.home.commit(first.token, applied),
    { outcome: 'fenced' },
    'applied by an owner that is fenced now',
  );
  const nothing = commitOf(freshToken(), impossible);
  answers(await first.home.commit(first.token, nothing), { outcome: 'fenced' }, 'fenced, stale and impossible');
}

async function refusesExhausted(trial: Trial): Promise<void> {
  await trial.subject.addEntry(trial.stream('full'), ['n', '1'], LAST_ID);
  const owner = await ownerWithPast(trial);
  const commit = fullCommit(trial, owner.base);
  const publishes = [...commit.publishes, publishOf(trial.stream('full'), 'x'), publishOf(trial.stream('out'), 'z')];
  const send = (): Promise<CommitAnswer> => owner.home.commit(owner.token, { ...commit, publishes });
  await leavesNothing(trial, () => checkRejects(send(), 'ARS_COMMIT', 'a commit to a stream without IDs left'));
  await leavesNothing(trial, () => checkRejects(send(), 'ARS_COMMIT', 'the same again'));
  answers(await owner.home.commit(owner.token, commit), { outcome: 'committed' }, 'the same content without it');
}

async function refusesOccupied(trial: Trial): Promise<void> {
  await trial.hook('occupy')(trial.stream('taken'));
  const owner = await ownerWithPast(trial);
  const commit = fullCommit(trial, owner.base);
  for (const index of [0, 1, 2]) {
    const publishes = [
      ...commit.publishes.slice(0, index),
      publishOf(trial.stream('taken'), 'x'),
      ...commit.publishes.slice(index),
    ];
    const send = (): Promise<CommitAnswer> => owner.home.commit(owner.token, { ...commit, publishes });
    await leavesNothing(trial, () => checkRejects(send(), 'ARS_COMMIT', 'a commit to what is not a stream'));
  }
  answers(await owner.home.commit(owner.token, commit), { outcome: 'committed' }, 'the same content without it');
}

/** What a commit answers, and that nothing but `committed` writes. */
export const COMMIT_ANSWERS: BehaviourGroup = {
  group: 'commit answers',
  behaviours: [
    { name: 'a commit sent again is already applied, and nothing happens twice', check: answersAlready },
    { name: 'one commit sent several times at once is applied once', check: appliesOnce },
    { name: 'a commit under another token is fenced and leaves nothing', check: answersFenced },
    { name: 'a commit on another base is stale and leaves nothing', check: answersStale },
    { name: 'a commit whose position the stream has not reached is stale', check: answersStaleBehind },
    { name: 'positions of streams that are read elsewhere are not judged', check: trustsFarPositions },
    { name: 'a commit without a record is gone and makes none', check: answersGone },
    { name: 'a commit whose state vanished is gone and leaves nothing', needs: ['evict'], check: answersGoneState },
    { name: 'record, token, commitId, base and content are checked in this order', check: checksInOrder },
    { name: 'a commit to a stream without IDs left is refused and leaves nothing', check: refusesExhausted },
    {
      name: 'a commit to what is not a stream is refused and leaves nothing',
      needs: ['occupy'],
      check: refusesOccupied,
    },
  ],
};
