import type { ClaimRequest } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { commitOf, freshToken, stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

function requestFor(trial: Trial, expectedEpoch: number, changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return { expectedEpoch, ownEpoch: 0, owner: freshToken(), starts: [trial.cursor('in')], ...changes };
}

async function raisesEpoch(trial: Trial): Promise<void> {
  const home = await trial.home();
  const epochs: unknown[] = [];
  const owns = [0, 7, 3, 0];
  for (const [index, ownEpoch] of owns.entries()) {
    const expectedEpoch = (await home.inspect()).record?.epoch ?? 0;
    const answer = await home.claim(requestFor(trial, expectedEpoch, { ownEpoch }));
    check(answer.outcome === 'claimed', `claim ${index + 1} under the inspected epoch is granted`);
    checkEqual(answer.inspection.record?.epoch, answer.epoch, 'the epoch in the answer and in its record');
    epochs.push(answer.epoch);
  }
  checkEqual(epochs, [1, 8, 9, 10], `epochs of claims by owners whose last epochs were ${owns.join(', ')}`);
}

async function refusesOtherEpoch(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const before = await trial.picture([]);
  for (const expectedEpoch of [0, 2, 7]) {
    const answer = await (await trial.home()).claim(requestFor(trial, expectedEpoch));
    checkEqual({ ...answer }, { outcome: 'conflict' }, `a claim that expects epoch ${expectedEpoch}, but 1 is stored`);
  }
  checkEqual(await trial.picture([]), before, 'everything, before and after refused claims');
  await owner.commit();
  const missing = await (await trial.home({ consumerId: 'new' })).claim(requestFor(trial, 3));
  checkEqual(missing.outcome, 'conflict', 'a claim that expects a record where there is none');
}

async function grantsOne(trial: Trial): Promise<void> {
  for (let round = 0; round < 5; round += 1) {
    const homes = await Promise.all([1, 2, 3, 4].map(() => trial.home()));
    const requests = homes.map(() => requestFor(trial, round));
    const answers = await Promise.all(homes.map((home, index) => home.claim(requests[index]!)));
    const winners = answers.flatMap(({ outcome }, index) => (outcome === 'claimed' ? [requests[index]!.owner] : []));
    checkEqual(winners.length, 1, 'how many of four claims at once are granted');
    checkEqual((await homes[0]!.inspect()).record?.owner, winners[0], 'the stored owner');
  }
}

async function repeats(trial: Trial): Promise<void> {
  const home = await trial.home();
  const request = requestFor(trial, 0);
  const first = await home.claim(request);
  const second = await (await trial.home()).claim(request);
  check(first.outcome === 'claimed' && second.outcome === 'claimed', 'a claim and its repeat are granted');
  checkEqual([second.epoch, second.inspection.record?.epoch], [1, 1], 'the epoch that a repeat answers');
  const token = { owner: request.owner, renewal: 3 };
  await home.renew(token);
  checkEqual(
    (await home.commit(token, commitOf(request.owner))).outcome,
    'committed',
    'a commit after a repeated claim',
  );
  const before = await trial.picture([]);
  checkEqual((await home.claim(request)).outcome, 'claimed', 'a repeat after a renewal and a commit');
  checkEqual(await trial.picture([]), before, 'everything, before and after a repeated claim');
  checkEqual((await home.renew({ ...token, renewal: 2 })).outcome, 'fenced', 'an older renewal after a repeated claim');
}

async function ignoresLateClaims(trial: Trial): Promise<void> {
  const late = requestFor(trial, 0);
  const home = await trial.home();
  await home.claim(late);
  const owner = await trial.own();
  const before = await trial.picture([]);
  checkEqual({ ...(await home.claim(late)) }, { outcome: 'conflict' }, 'a duplicate of an earlier claim, come late');
  checkEqual(await trial.picture([]), before, 'everything, before and after a late claim');
  await owner.commit();
}

async function startsOnce(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2, 3);
  await trial.own({}, [trial.cursor('in', ids[0], 1)]);
  const both = [trial.cursor('in', ids[2], 3), trial.cursor('added', '0-0', 0)];
  const streams = both.map(({ stream }) => stream);
  const address = { streams, scope: trial.stream('in') };
  const answer = await (await trial.home(address)).claim(requestFor(trial, 1, { starts: both }));
  check(answer.outcome === 'claimed', 'the second claim is granted');
  const expected = [trial.cursor('in', ids[0], 1), trial.cursor('added', '0-0', 0)];
  checkEqual(
    sorted(answer.inspection.record?.cursors),
    sorted(expected),
    'positions after a claim that gives other starts',
  );
  const fewer = await (await trial.home()).claim(requestFor(trial, 2, { starts: [] }));
  check(fewer.outcome === 'claimed', 'the third claim is granted');
  checkEqual(
    sorted(fewer.inspection.record?.cursors),
    sorted(expected),
    'positions after a claim with one stream less',
  );
}

async function answersCheckpoint(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1, 2);
  const owner = await trial.own();
  const cursors = [trial.cursor('in', ids[1], 2)];
  const attempt = { stream: trial.stream('in'), id: '9-9', count: 4 };
  await owner.commit({ cursors, attempt, state: stateOf({ a: '1', b: '2' }) });
  const answer = await (await trial.home()).claim(requestFor(trial, 1));
  check(answer.outcome === 'claimed', 'the second claim is granted');
  const { record, state } = answer.inspection;
  const found = [record?.commitId, record?.stateCommit, record?.cursors, record?.attempt, record?.serializer];
  checkEqual(found, [owner.base, owner.base, cursors, attempt, 'json'], 'the record that a claim answers');
  checkEqual([state?.commitId, state?.isOwn, state?.version], [owner.base, true, 1], 'the state that a claim answers');
  checkEqual(state?.attributes, new Map(Object.entries({ a: '1', b: '2' })), 'its attributes');
}

async function fences(trial: Trial): Promise<void> {
  const first = await trial.own();
  await first.renew();
  await first.renew();
  const second = await trial.own();
  checkEqual(second.base, first.base, 'the commitId that a second owner goes on from');
  checkEqual(await first.send(), { outcome: 'fenced' }, 'a commit of the first owner');
  await second.commit();
  checkEqual(await first.send(), { outcome: 'fenced' }, 'a commit of the first owner, later');
}

async function claimsElsewhere(trial: Trial): Promise<void> {
  const owner = await trial.own({ readsHere: false }, [trial.cursor('far', '99-0', 12)]);
  checkEqual(
    (await owner.home.inspect()).record?.cursors,
    [trial.cursor('far', '99-0', 12)],
    'a start in another store',
  );
}

function sorted<T extends { readonly stream: string }>(cursors: readonly T[] | undefined): T[] {
  return [...(cursors ?? [])].sort((a, b) => (a.stream < b.stream ? -1 : 1));
}

/** What `claim` does. */
export const CLAIMING: BehaviourGroup = {
  group: 'claiming',
  behaviours: [
    { name: "a claim raises the epoch above the stored one and above the claimer's own", check: raisesEpoch },
    { name: 'a claim that expects another epoch changes nothing', check: refusesOtherEpoch },
    { name: 'of several claims at once exactly one is granted', check: grantsOne },
    { name: 'a repeated claim answers the same and changes nothing', check: repeats },
    { name: 'a late duplicate of an older claim changes nothing', check: ignoresLateClaims },
    { name: 'a claim stores starts only for streams without a position', check: startsOnce },
    { name: 'a claim answers the checkpoint', check: answersCheckpoint },
    { name: 'a claim fences every earlier owner', check: fences },
    { name: 'a claim takes starts of streams that are read elsewhere as they are', check: claimsElsewhere },
  ],
};
