import { describe, expect, test } from 'vitest';
import { seedsToRun, simulate, SimulationError } from '../src/index.js';
import { checkHandledOnce } from '../src/simulation/checkers/handled-once.js';
import type { LogEvent } from '../src/simulation/home-log.js';
import type { PlantedBug } from './planted/altered-store.js';
import { COMMIT_BUGS } from './planted/commit-bugs.js';
import { OWNERSHIP_BUGS } from './planted/ownership-bugs.js';
import { READING_BUGS } from './planted/reading-bugs.js';

const HOUR_MS = 3_600_000;

test(
  'every seed keeps all promises, and everything that can go wrong does',
  async () => {
    const seeds = seedsToRun(200);
    const counts: Record<string, number> = {};
    for (const seed of seeds) {
      const report = await simulate({ seed });
      for (const [what, count] of Object.entries(report.counts)) counts[what] = (counts[what] ?? 0) + count;
    }
    if (seeds.length < 200) return;
    for (const what of ['death', 'takeover', 'failover', 'disconnect', 'trim', 'delete', 'accident']) {
      expect(counts[what], what).toBeGreaterThan(20);
    }
  },
  HOUR_MS,
);

test('a seed repeats its run step by step, and another one runs otherwise', async () => {
  const traces: string[] = [];
  for (const seed of [1, 2, 3]) {
    const { trace } = await simulate({ seed });
    expect((await simulate({ seed })).trace).toEqual(trace);
    traces.push(trace.join('\n'));
  }
  expect(new Set(traces).size).toBe(3);
});

test('the trace is handed out as it is written', async () => {
  const lines: string[] = [];
  const { trace } = await simulate({ seed: 1, messages: 5, durationMs: 200, onTrace: (line) => lines.push(line) });
  expect(lines).toEqual(trace);
});

/** Bugs that a simulation must find, and in which words. */
const FOUND: readonly [readonly PlantedBug[], bug: string, words: RegExp][] = [
  [COMMIT_BUGS, 'the token is not checked', /a commit (of an earlier owner|under renewal \d+) was applied/],
  [COMMIT_BUGS, 'the owner is checked and the renewal number is not', /a commit under renewal \d+ was applied/],
  [COMMIT_BUGS, 'the base is not checked', /a commit on \w+ was applied/],
  [COMMIT_BUGS, 'the commitId is not checked', /applied twice|was published to|has seen of/],
  [COMMIT_BUGS, 'a commit in two steps: record and state, then publishes', /was published to/],
  [COMMIT_BUGS, 'the last publish is lost', /was published to/],
  [COMMIT_BUGS, 'the first publish is doubled', /was published to/],
  [COMMIT_BUGS, 'the state is one commit behind', /has seen of|is not the fold/],
  [COMMIT_BUGS, 'the position is off by one', /has seen of|ended unexpectedly|counts \d+ entries/],
  [OWNERSHIP_BUGS, 'a claim is no compare-and-set', /a claim was granted/],
  [OWNERSHIP_BUGS, 'a renewal takes over', /a renewal of an earlier owner was held/],
  [OWNERSHIP_BUGS, 'a renewal under an older number is held', /was held after/],
  [READING_BUGS, 'a read skips an entry at its end', /has seen of|ended unexpectedly|says nothing of the rest|in vain/],
  [READING_BUGS, 'a read repeats the entry at the position', /has seen of|ended unexpectedly|counts \d+ entries/],
  [READING_BUGS, 'trimmed entries go unnoticed', /says nothing of the rest|has seen of|counts \d+ entries/],
];

describe('a simulation finds a store in which', () => {
  test.each(FOUND.map(([bugs, bug, words]) => ({ bugs, bug, words })))(
    '$bug',
    async ({ bugs, bug, words }) => {
      const { plant } = bugs.find((one) => one.bug === bug)!;
      const found = await firstFailure((seed) => simulate({ seed, alter: plant }), 60);
      expect(found.problems.join('\n')).toMatch(words);
      expect(found.message).toContain(`Seed ${found.seed} `);
    },
    60_000,
  );
});

async function firstFailure(run: (seed: number) => Promise<unknown>, seedsMax: number): Promise<SimulationError> {
  for (let seed = 1; seed <= seedsMax; seed += 1) {
    try {
      await run(seed);
    } catch (error) {
      if (error instanceof SimulationError) return error;
      throw error;
    }
  }
  throw new Error(`${seedsMax} seeds found nothing`);
}

test('a process that handles again what it has committed is found', () => {
  const common = { process: 'p', consumer: 'c' };
  const handled = (id: string): LogEvent => ({ kind: 'handled', ...common, stream: 's', id });
  const committed = (position: string): LogEvent => {
    const commit = {
      commitId: '2',
      base: '1',
      cursors: [{ stream: 's', position, read: 1 }],
      state: undefined,
      publishes: [],
      attempt: undefined,
      suspect: undefined,
    };
    const token = { owner: 'o', renewal: 0 };
    return { kind: 'call', ...common, call: 'commit', token, commit, answer: { outcome: 'committed' } };
  };
  const request = { expectedEpoch: 0, ownEpoch: 0, owner: 'o', starts: [] };
  const inspection = { record: undefined, isRegistered: true, state: undefined };
  const claimed: LogEvent = {
    kind: 'call',
    ...common,
    call: 'claim',
    request,
    answer: { outcome: 'claimed', epoch: 1, inspection },
  };
  const problems = (...events: LogEvent[]): string[] => checkHandledOnce({ events });
  expect(problems(claimed, handled('1-0'), committed('1-0'), handled('2-0'))).toEqual([]);
  expect(problems(claimed, handled('1-0'), committed('1-0'), handled('1-0'))).toEqual([
    'p handled entry 1-0 of s, though it had committed up to 1-0',
  ]);
});
