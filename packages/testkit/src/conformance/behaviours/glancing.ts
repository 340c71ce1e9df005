import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual } from '../check.js';
import { commitOf, freshToken, stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

async function heartbeatIn(trial: Trial): Promise<number> {
  const [inspection, sight] = [await (await trial.home()).inspect(), await (await trial.home()).glance()];
  checkEqual(sight?.heartbeat, inspection.record?.heartbeat, 'the heartbeat, at a glance and in an inspection');
  check(Number.isFinite(sight?.heartbeat), `the heartbeat is a number, got ${String(sight?.heartbeat)}`);
  return sight!.heartbeat;
}

async function tellsOwner(trial: Trial): Promise<void> {
  const home = await trial.home();
  checkEqual(await home.glance(), undefined, 'a glance without a record');
  checkEqual((await home.inspect()).record, undefined, 'the record after a glance');
  for (const epoch of [1, 2]) {
    const owner = await trial.own();
    const heartbeat = await heartbeatIn(trial);
    const expected = { owner: owner.token.owner, epoch, heartbeat };
    checkEqual({ ...(await home.glance()) }, expected, 'a glance after a claim');
    await owner.home.release(owner.token);
    const sight = await home.glance();
    checkEqual([sight?.owner, sight?.epoch], ['', epoch], 'owner and epoch at a glance after a release');
  }
}

async function growsWithLife(trial: Trial): Promise<void> {
  const owner = await trial.own();
  let last = await heartbeatIn(trial);
  const grows = async (what: string): Promise<void> => {
    const now = await heartbeatIn(trial);
    check(now > last, `the heartbeat grows with ${what}: it was ${last}, and is ${now}`);
    last = now;
  };
  for (let turn = 0; turn < 3; turn += 1) {
    await owner.commit();
    await grows('a commit');
    await owner.home.renew(owner.token);
    await grows('a renewal under the same number');
    await owner.renew();
    await grows('a renewal');
  }
  await owner.commit({ state: stateOf({ a: '1' }) });
  await grows('a commit of state');
  await trial.own();
  await grows('a claim');
}

async function staysWithoutLife(trial: Trial): Promise<void> {
  const first = await trial.own();
  const home = await trial.home();
  const request = { expectedEpoch: first.epoch, ownEpoch: 0, owner: freshToken(), starts: [] };
  await home.claim(request);
  const token = { owner: request.owner, renewal: 0 };
  const before = await heartbeatIn(trial);
  await home.claim(request);
  await home.claim({ ...request, owner: freshToken() });
  await first.home.renew(first.token);
  await first.send();
  await home.commit(token, commitOf(freshToken()));
  await home.release(first.token);
  for (let turn = 0; turn < 3; turn += 1) await home.glance();
  checkEqual(await heartbeatIn(trial), before, 'the heartbeat after calls that are no sign of life of the owner');
}

async function writesNothing(trial: Trial): Promise<void> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1' }) });
  const before = await trial.picture(['in']);
  await (await trial.home()).glance();
  await (await trial.home({ consumerId: 'stranger' })).glance();
  checkEqual(await trial.picture(['in']), before, 'everything, before and after glances');
  checkEqual(await (await trial.home({ consumerId: 'stranger' })).glance(), undefined, 'who was only glanced at');
  await owner.commit();
}

/** What `glance` answers, and the heartbeat by which a standby sees that an owner lives. */
export const GLANCING: BehaviourGroup = {
  group: 'glancing',
  behaviours: [
    { name: 'a glance tells owner, epoch and heartbeat, or that there is no record', check: tellsOwner },
    { name: 'the heartbeat grows with every claim, renewal and commit', check: growsWithLife },
    { name: 'the heartbeat stays where the owner shows no life', check: staysWithoutLife },
    { name: 'a glance writes nothing', check: writesNothing },
  ],
};
