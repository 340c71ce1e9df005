import type { BehaviourGroup } from '../behaviour.js';
import { checkEqual } from '../check.js';
import { freshToken, stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

async function givesUp(trial: Trial): Promise<void> {
  const ids = await trial.add('in', 1);
  const owner = await trial.own();
  await owner.commit({ cursors: [trial.cursor('in', ids[0], 1)], state: stateOf({ a: '1' }) });
  const before = await trial.picture(['in']);
  await owner.home.release(owner.token);
  const after = await trial.picture(['in']);
  checkEqual(after.inspection.record?.owner, '', 'the owner after a release');
  const restored = { ...after.inspection.record, owner: owner.token.owner };
  checkEqual(
    { ...after, inspection: { ...after.inspection, record: restored } },
    before,
    'everything else, before and after a release',
  );
  await owner.home.release(owner.token);
  const next = await trial.own();
  checkEqual([next.epoch, next.base], [2, owner.base], 'epoch and commitId of the next owner');
}

async function ignoresOthers(trial: Trial): Promise<void> {
  const first = await trial.own();
  const owner = await trial.own();
  await owner.renew();
  const before = await trial.picture([]);
  await first.home.release(first.token);
  await first.home.release({ owner: freshToken(), renewal: 0 });
  await owner.home.release({ ...owner.token, renewal: 0 });
  checkEqual(await trial.picture([]), before, 'everything, before and after releases by others');
  await owner.commit();
}

async function makesNothing(trial: Trial): Promise<void> {
  const home = await trial.home();
  await home.release({ owner: freshToken(), renewal: 0 });
  checkEqual(
    await home.inspect(),
    { record: undefined, isRegistered: false, state: undefined },
    'a consumer that was never claimed',
  );
}

/** What `release` does. */
export const RELEASING: BehaviourGroup = {
  group: 'releasing',
  behaviours: [
    { name: 'a release gives up ownership and nothing else', check: givesUp },
    { name: 'a release by any other token does nothing', check: ignoresOthers },
    { name: 'a release without a record makes none', check: makesNothing },
  ],
};
