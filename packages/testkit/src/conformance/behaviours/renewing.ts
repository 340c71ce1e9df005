import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { commitOf, freshToken, publishOf } from '../owner.js';
import type { Trial } from '../trial.js';

async function holds(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit();
  for (const renewal of [0, 0, 1, 1, 5, 5]) {
    const answer = await owner.home.renew({ ...owner.token, renewal });
    checkEqual({ ...answer }, { outcome: 'held', commitId: owner.base }, `a renewal with number ${renewal}`);
  }
}

async function changesLittle(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ publishes: [publishOf(trial.stream('out'), '1')] });
  const before = await trial.picture(['in', 'out']);
  await owner.renew();
  checkEqual(
    await trial.picture(['in', 'out']),
    before,
    'everything but the renewal number, before and after a renewal',
  );
}

async function fencesOlderNumbers(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.home.renew({ ...owner.token, renewal: 4 });
  const older = await owner.home.renew({ ...owner.token, renewal: 3 });
  checkEqual({ ...older }, { outcome: 'fenced', epoch: 1 }, 'a renewal under an older number');
  checkEqual((await owner.home.renew({ ...owner.token, renewal: 4 })).outcome, 'held', 'the newest number, again');
}

async function bindsCommits(trial: Trial): Promise<void> {
  const owner = await trial.own();
  const commit = commitOf(owner.base);
  await owner.home.renew({ ...owner.token, renewal: 2 });
  for (const renewal of [0, 1, 3]) {
    const answer = await owner.home.commit({ ...owner.token, renewal }, commit);
    checkEqual(answer, { outcome: 'fenced' }, `a commit with renewal number ${renewal} while 2 is stored`);
  }
  checkEqual((await owner.home.commit({ ...owner.token, renewal: 2 }, commit)).outcome, 'committed', 'the same with 2');
}

async function tellsForeignOwner(trial: Trial): Promise<void> {
  const first = await trial.own();
  const second = await trial.own();
  const answer = await first.home.renew({ ...first.token, renewal: 9 });
  checkEqual({ ...answer }, { outcome: 'fenced', epoch: second.epoch }, 'a renewal by an earlier owner');
  await second.commit();
  await second.home.release(second.token);
  checkEqual((await second.home.renew(second.token)).outcome, 'fenced', 'a renewal after the release');
}

async function tellsMissing(trial: Trial): Promise<void> {
  const home = await trial.home();
  checkEqual(
    { ...(await home.renew({ owner: freshToken(), renewal: 1 })) },
    { outcome: 'gone' },
    'a renewal without a record',
  );
  checkEqual((await home.inspect()).record, undefined, 'the record after it');
}

async function showsLife(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.home.renew(owner.token);
  const { record } = await (await trial.home()).inspect();
  check(record !== undefined && record.quietMs < 60_000, 'a renewal is a sign of life');
}

async function renewsDuringCommit(trial: Trial): Promise<void> {
  const owner = await trial.own();
  for (let turn = 1; turn <= 10; turn += 1) {
    const commit = commitOf(owner.base, { publishes: [publishOf(trial.stream('out'), String(turn))] });
    const committing = owner.home.commit(owner.token, commit);
    owner.token = { ...owner.token, renewal: turn };
    const [answer, renewed] = await Promise.all([committing, owner.home.renew(owner.token)]);
    check(renewed.outcome === 'held', 'a renewal while a commit is under way is held');
    const stored = (await owner.home.inspect()).record?.commitId;
    const isApplied = answer.outcome === 'committed';
    checkEqual(stored, isApplied ? commit.commitId : owner.base, `the commitId after the answer ${answer.outcome}`);
    check(
      isApplied || answer.outcome === 'fenced',
      `a commit overtaken by a renewal is committed or fenced, got ${answer.outcome}`,
    );
    owner.base = stored!;
  }
}

/** What `renew` does. */
export const RENEWING: BehaviourGroup = {
  group: 'renewing',
  behaviours: [
    { name: 'a renewal with the stored number or a higher one is held, again and again', check: holds },
    { name: 'a renewal changes nothing else', check: changesLittle },
    { name: 'a renewal under an older number is fenced', check: fencesOlderNumbers },
    { name: 'a commit needs the very renewal number that is stored', check: bindsCommits },
    { name: 'a renewal by an earlier owner is fenced, with the stored epoch', check: tellsForeignOwner },
    { name: 'a renewal without a record is gone, and makes none', check: tellsMissing },
    { name: 'a renewal is a sign of life', check: showsLife },
    { name: 'a renewal may overtake a commit, whose answer then is the truth', check: renewsDuringCommit },
  ],
};
