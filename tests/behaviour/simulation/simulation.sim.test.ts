import type { CommitAnswer, ConsumerHome, StreamStore } from '@ars/core';
import { describe, expect, test } from 'vitest';
import { intercepted } from '../support/intercepted-store.js';
import { Simulation } from './simulation.js';

/** How many seeds are run (`ARS_SEEDS`), and the first of them (`ARS_SEED`, which alone replays one). */
const FIRST = Number(process.env['ARS_SEED'] ?? 1);
const COUNT = Number(process.env['ARS_SEEDS'] ?? (process.env['ARS_SEED'] === undefined ? 100 : 1));
const GROUP = 10;

async function run(seed: number, sabotage?: (store: StreamStore) => StreamStore): Promise<Simulation> {
  const simulation = new Simulation({ seed, ...(sabotage === undefined ? {} : { sabotage }) });
  try {
    await simulation.run();
  } catch (cause) {
    const tail = simulation.trace.slice(-15).join('\n  ');
    const replay = `ARS_SEED=${seed} npm run test:only -- --project tests simulation.sim`;
    throw new Error(`seed ${seed}: ${String(cause)}\nreplay: ${replay}\nlast steps:\n  ${tail}`, { cause });
  }
  return simulation;
}

const groups = Array.from({ length: Math.ceil(COUNT / GROUP) }, (_, index) => FIRST + index * GROUP);

describe('whatever fails, state, position and outputs are the fold of the inputs', () => {
  test.each(groups)('seeds from %i on', async (first) => {
    for (let seed = first; seed < Math.min(first + GROUP, FIRST + COUNT); seed += 1) await run(seed);
  });
});

test('a seed replays: it gives the same run again', async () => {
  const [one, other] = [await run(FIRST), await run(FIRST)];
  expect(one.trace.length).toBeGreaterThan(100);
  expect(other.trace).toEqual(one.trace);
});

type Sabotage = (home: ConsumerHome) => Partial<ConsumerHome>;

/** A store whose homes misbehave. */
function sabotaged(change: Sabotage): (store: StreamStore) => StreamStore {
  return (store) => {
    const sound = intercepted(store, (_, proceed) => proceed());
    return {
      ...sound,
      openHome: async (address) => {
        const home = await sound.openHome(address);
        return { ...home, ...change(home) };
      },
    };
  };
}

const PLANTED: [bug: string, sabotage: Sabotage][] = [
  ['loses a publish', (home) => ({ commit: (token, content) => home.commit(token, { ...content, publishes: content.publishes.slice(0, -1) }) })],
  ['doubles a publish', (home) => ({ commit: (token, content) => home.commit(token, { ...content, publishes: content.publishes.flatMap((each) => [each, each]) }) })],
  ['does not move the position', (home) => ({ commit: (token, content) => home.commit(token, { ...content, cursors: [] }) })],
  ['loses state', (home) => ({ commit: (token, content) => home.commit(token, { ...content, state: content.state && { ...content.state, set: content.state.set.slice(1) } }) })],
  ['answers without committing', () => ({ commit: () => Promise.resolve<CommitAnswer>({ outcome: 'committed' }) })],
  ['does not fence', (home) => ({
    commit: async (token, content) => {
      const answer = await home.commit(token, content);
      if (answer.outcome !== 'fenced') return answer;
      const { record } = await home.inspect();
      return home.commit({ owner: record!.owner, renewal: 0 }, { ...content, base: record!.commitId });
    },
  })],
]; // prettier-ignore

test.each(PLANTED)('the judge finds a store that %s', async (_, sabotage) => {
  let found: unknown;
  for (let seed = 1; seed <= 20 && found === undefined; seed += 1) {
    await run(seed, sabotaged(sabotage)).catch((error: unknown) => (found = error));
  }
  expect(found).toBeInstanceOf(Error);
});
