import { type CommitAnswer, isArsError } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { publishOf, stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

const SHARED = { stateName: 'shared' };
const RIVAL = { consumerId: 'rival', stateName: 'shared' };

async function namesOwner(trial: Trial): Promise<void> {
  const owner = await trial.own(SHARED);
  await owner.commit({ state: stateOf({ a: '1' }) });
  checkEqual((await owner.home.inspect()).state?.isOwn, true, "whether the state is its owner's");
  const { record, state } = await (await trial.home(RIVAL)).inspect();
  checkEqual([record, state?.isOwn], [undefined, false], 'what another consumer with this state name finds');
  check((state?.owner ?? '') !== '', 'the state tells whose it is');
}

async function neverOverwrites(trial: Trial): Promise<void> {
  const owner = await trial.own(SHARED);
  await owner.commit({ state: stateOf({ a: '1' }) });
  const before = await trial.picture(['out'], SHARED);
  const rival = await trial.own(RIVAL);
  const sending = rival.send({ state: stateOf({ a: 'spoilt' }), publishes: [publishOf(trial.stream('out'), 'x')] });
  const outcome = await sending.then(({ outcome: answered }: CommitAnswer) => answered, refusal);
  check(
    outcome !== 'committed' && outcome !== 'already',
    `a commit into another consumer's state is not applied, got ${outcome}`,
  );
  checkEqual(
    await trial.picture(['out'], SHARED),
    before,
    "everything, before and after a commit into another's state",
  );
  await owner.commit({ state: stateOf({ a: '2' }) });
}

/** Either answer tells the truth: the state that the commit is about is not there, or it is somebody else's. */
function refusal(error: unknown): string {
  if (isArsError(error, 'ARS_STATE_OWNERSHIP') || isArsError(error, 'ARS_COMMIT')) return 'refused';
  throw error;
}

async function namesStates(trial: Trial): Promise<void> {
  const one = await trial.own({ consumerId: 'one', stateName: 'first' });
  const two = await trial.own({ consumerId: 'two', stateName: 'second' });
  const three = await trial.own({ consumerId: 'three' });
  for (const [index, owner] of [one, two, three].entries())
    await owner.commit({ state: stateOf({ index: String(index) }) });
  for (const [index, owner] of [one, two, three].entries()) {
    checkEqual(
      (await owner.home.inspect()).state?.attributes.get('index'),
      String(index),
      `the state of consumer ${index}`,
    );
  }
}

async function belongsToCommit(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1' }) });
  const second = await trial.own();
  await second.commit({ state: stateOf({ a: '2' }) });
  const { record, state } = await second.home.inspect();
  checkEqual([record?.stateCommit, state?.commitId], [second.base, second.base], 'who wrote the state last');
  await trial.hook('evict')('state', trial.address());
  const left = await second.home.inspect();
  checkEqual([left.record?.stateCommit, left.state], [second.base, undefined], 'a record whose state was evicted');
}

/** Whose state it is. */
export const STATE_OWNING: BehaviourGroup = {
  group: 'state owning',
  behaviours: [
    { name: 'stored state tells whose it is', check: namesOwner },
    { name: 'a consumer never overwrites the state of another', check: neverOverwrites },
    { name: "states have the name they are given, or the consumer's", check: namesStates },
    { name: 'a record knows the commit that wrote its state', needs: ['evict'], check: belongsToCommit },
  ],
};
