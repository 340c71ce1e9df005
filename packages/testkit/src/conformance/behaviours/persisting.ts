import { type DurabilityLevel, isArsError } from '@ars/core';
import type { BehaviourGroup } from '../behaviour.js';
import { check, checkEqual, checkRejects } from '../check.js';
import { stateOf } from '../owner.js';
import type { Trial } from '../trial.js';

const LEVELS = {
  replicas: { replicas: 1, fsync: false, timeoutMs: 50 },
  fsync: { replicas: 0, fsync: true, timeoutMs: 2_000 },
} as const;

async function refusesOthers(trial: Trial): Promise<void> {
  const { durability } = trial.store;
  check(durability.every((kind) => Object.hasOwn(LEVELS, kind)), `kinds of durability are known, got ${durability.join()}`); // prettier-ignore
  const owner = await trial.own();
  await owner.commit();
  for (const kind of ['replicas', 'fsync'] as const) {
    if (durability.includes(kind)) continue;
    await checkRejects(owner.home.persist(owner.token, LEVELS[kind]), 'ARS_CONFIGURATION', `a wait for ${kind}`);
  }
  await owner.commit();
}

/** Whether a level was reached; a server that cannot give one at all says so. */
async function reached(trial: Trial, level: DurabilityLevel): Promise<unknown> {
  const owner = await trial.own();
  await owner.commit({ state: stateOf({ a: '1' }) });
  const before = await trial.picture(['in']);
  const answer = await owner.home.persist(owner.token, level).catch((error: unknown) => {
    if (isArsError(error, 'ARS_CONFIGURATION')) return 'refused';
    throw error;
  });
  checkEqual(await trial.picture(['in']), before, 'everything but signs of life, before and after a wait');
  await owner.commit({ state: stateOf({ a: '2' }) });
  return answer;
}

async function waitsForReplicas(trial: Trial): Promise<void> {
  if (!trial.store.durability.includes('replicas')) return;
  const answer = await reached(trial, { ...LEVELS.replicas, replicas: 1_000 });
  check(answer === false || answer === 'refused', `1,000 replicas are more than there are, got ${String(answer)}`);
}

async function waitsForDisk(trial: Trial): Promise<void> {
  if (!trial.store.durability.includes('fsync')) return;
  const answer = await reached(trial, LEVELS.fsync);
  check(typeof answer === 'boolean' || answer === 'refused', `a wait tells whether, got ${String(answer)}`);
}

/** What `persist` waits for, where the store says that it can. */
export const PERSISTING: BehaviourGroup = {
  group: 'persisting',
  behaviours: [
    { name: 'a level that the store does not offer is refused', check: refusesOthers },
    {
      name: 'replicas that are not there are not taken for reached, where replicas are offered',
      check: waitsForReplicas,
    },
    {
      name: 'a wait for the disk tells whether, and writes only signs of life, where it is offered',
      check: waitsForDisk,
    },
  ],
};
