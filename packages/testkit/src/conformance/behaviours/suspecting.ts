import type { FailedAttempt } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { commitOf, freshToken, type Owner, publishOf } from '../owner.js';
import type { Trial } from '../trial.js';

function markOf(trial: Trial, count = 1): FailedAttempt {
  return { stream: trial.stream('in'), id: '7-3', count };
}

async function marked(trial: Trial): Promise<Owner> {
  const owner = await trial.own();
  await owner.commit({ suspect: markOf(trial) });
  return owner;
}

async function suspectIn(trial: Trial): Promise<FailedAttempt | undefined> {
  return (await (await trial.home()).inspect()).record?.suspect;
}

async function keepsMark(trial: Trial): Promise<void> {
  const owner = await trial.own();
  checkEqual(await suspectIn(trial), undefined, 'the mark before the first');
  for (const count of [1, 2, 17]) {
    const attempt = { stream: trial.stream('in'), id: '5-0', count: 4 };
    await owner.commit({ suspect: markOf(trial, count), attempt });
    const { record } = await owner.home.inspect();
    checkEqual([record?.suspect, record?.attempt], [markOf(trial, count), attempt], 'the mark and the failing message');
  }
  await owner.commit({ suspect: markOf(trial) });
  checkEqual((await owner.home.inspect()).record?.attempt, undefined, 'the failing message after a commit of a mark');
  await owner.commit();
  checkEqual(await suspectIn(trial), undefined, 'the mark after a commit without one');
}

async function outlivesOwners(trial: Trial): Promise<void> {
  const owner = await marked(trial);
  await owner.renew();
  checkEqual(await suspectIn(trial), markOf(trial), 'the mark after a renewal');
  const request = { expectedEpoch: owner.epoch, ownEpoch: 0, owner: freshToken(), starts: [] };
  const answer = await (await trial.home()).claim(request);
  check(answer.outcome === 'claimed', 'the second claim is granted');
  checkEqual(answer.inspection.record?.suspect, markOf(trial), 'the mark that a takeover finds');
  checkEqual(await suspectIn(trial), markOf(trial), 'the mark after the takeover');
}

async function endsWithRelease(trial: Trial): Promise<void> {
  const first = await trial.own();
  const owner = await marked(trial);
  await first.home.release(first.token);
  await owner.home.release({ ...owner.token, renewal: 9 });
  checkEqual(await suspectIn(trial), markOf(trial), 'the mark after releases by others');
  await owner.home.release(owner.token);
  checkEqual(await suspectIn(trial), undefined, 'the mark after the release');
}

async function staysWhenRefused(trial: Trial): Promise<void> {
  const first = await trial.own();
  const owner = await marked(trial);
  const full = trial.stream('full');
  await trial.subject.addEntry(full, ['n', '1'], '18446744073709551615-18446744073709551615');
  await first.send();
  await owner.home.commit(owner.token, commitOf(freshToken()));
  await owner.send({ publishes: [publishOf(full, 'x')] }).catch(() => {});
  await owner.send({ publishes: [publishOf(full, 'x')], suspect: markOf(trial, 9) }).catch(() => {});
  checkEqual(await suspectIn(trial), markOf(trial), 'the mark after fenced, stale and refused commits');
}

/** The mark of a message that is about to be handled under suspicion (P19). */
export const SUSPECTING: BehaviourGroup = {
  group: 'suspects',
  behaviours: [
    {
      name: 'the mark of a suspect is kept, apart from the failing message, and removed without one',
      check: keepsMark,
    },
    { name: 'the mark of a suspect outlives its owner', check: outlivesOwners },
    { name: 'a release removes the mark of a suspect, by the owner only', check: endsWithRelease },
    { name: 'a commit that is not applied leaves the mark of a suspect as it is', check: staysWhenRefused },
  ],
};
