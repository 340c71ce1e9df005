import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { CLIENTS } from './clients.js';
import { between, isSoak, seededRandom, startOwnServer } from './harness.js';
import { report } from './report.js';
import { addNumbers, expectEach, isDone, recordOf, valuesOf, Victim, type VictimPlan } from './victims.js';

const ATTEMPTS = 3;
const KILLS = isSoak ? 200 : 8;

/** What is found does not depend on the client, and processes cost much; so one client will do, but in a soak. */
describe.each(isSoak ? CLIENTS : CLIENTS.slice(0, 1))('through %s', (client) => {
  const planOf = (url: string, changes: Partial<VictimPlan> = {}): VictimPlan => ({
    client,
    url,
    streams: ['{p}in'],
    consumerId: 'victim',
    target: '{p}out',
    deadLetter: '{p}dead',
    attempts: ATTEMPTS,
    ...changes,
  });
  const record = (plan: VictimPlan): string => recordOf(plan, 'p');

  /** Starts processes until one gets to the end; answers how many were killed. */
  const livesUntilDone = async (redis: Redis, plan: VictimPlan): Promise<number> => {
    for (let deaths = 0; ; deaths += 1) {
      expect(deaths, 'deaths').toBeLessThan(20);
      const victim = new Victim(plan);
      if (await isDone(redis, plan, record(plan), victim)) {
        await victim.stop();
        return deaths;
      }
      expect(await victim.exited).toBe('SIGKILL');
    }
  };

  test('a message that kills the process is found and put aside, and all others are handled exactly once', async () => {
    const { server, client: redis } = await startOwnServer();
    const plan = planOf(server.url, { deadly: ['40'] });
    await addNumbers(redis, '{p}in', 1, 60);
    expect(await livesUntilDone(redis, plan)).toBe(ATTEMPTS + 1);
    await expectEach(redis, plan, ['40']);
    expect(await valuesOf(redis, '{p}dead', 'ars:code')).toEqual(['ARS_POISON']);
    expect(await valuesOf(redis, '{p}dead', 'ars:attempts')).toEqual([String(ATTEMPTS)]);
    expect(await redis.hget(record(plan), 'suspect')).toBeNull();
    report('process killed', { faults: ATTEMPTS + 1, messages: 60 });
  });

  test('two of them, the second in another stream, while the first stream has steady traffic', async () => {
    const { server, client: redis } = await startOwnServer();
    const plan = planOf(server.url, {
      streams: ['{p}a', '{p}b'],
      deadly: ['7', '100003'],
      maxMessages: 20,
      attempts: 2,
    });
    await addNumbers(redis, '{p}a', 1, 300);
    await addNumbers(redis, '{p}b', 100_001, 100_005);
    let next = 301;
    const traffic = setInterval(() => void addNumbers(redis, '{p}a', next, (next += 3) - 1), 20);
    try {
      for (let deaths = 0; (await redis.xlen('{p}dead')) < 2; deaths += 1) {
        expect(deaths, 'deaths').toBeLessThan(12);
        const victim = new Victim(plan);
        await Promise.race([victim.exited, untilDead(redis, victim)]);
        victim.kill();
        await victim.exited;
      }
    } finally {
      clearInterval(traffic);
    }
    await livesUntilDone(redis, plan);
    await expectEach(redis, plan, ['7', '100003']);
  });

  test('processes killed at any moment while innocent messages are handled: none of them is condemned', async () => {
    const random = seededRandom();
    const { server, client: redis } = await startOwnServer();
    // One is condemned only when `attempts` processes in a row die while it is with the handler.
    const plan = planOf(server.url, { attempts: 5, delayMs: 1 });
    let last = 0;
    for (let kill = 0; kill < KILLS; kill += 1) {
      await addNumbers(redis, '{p}in', last + 1, (last += between(random, 20, 60)));
      const victim = new Victim(plan);
      await victim.working();
      await killAfter(victim, between(random, 5, 60));
      expect(await victim.exited).toBe('SIGKILL');
      const mark = await redis.hget(record(plan), 'suspect');
      expect(await redis.xlen('{p}dead'), `after a mark of ${mark}`).toBe(0);
    }
    expect(await livesUntilDone(redis, plan)).toBe(0);
    await expectEach(redis, plan, []);
    report('process killed', { faults: KILLS, messages: last });
  });

  test('without dead letters a process may be killed as often as it will: nothing is marked, nothing is put aside', async () => {
    const { server, client: redis } = await startOwnServer();
    const { deadLetter: _, ...plan } = planOf(server.url, { deadly: ['3'] });
    await addNumbers(redis, '{p}in', 1, 5);
    for (let life = 0; life < ATTEMPTS + 2; life += 1) {
      expect(await new Victim(plan).exited).toBe('SIGKILL');
      expect(await redis.hget(record(plan), 'suspect')).toBeNull();
    }
    await livesUntilDone(redis, { ...plan, deadly: [] });
    await expectEach(redis, plan, []);
  });
});

/** Waits until both dead letters are there, or the process is gone. */
async function untilDead(redis: Redis, victim: Victim): Promise<void> {
  await waitFor(async () => !victim.isAlive || (await redis.xlen('{p}dead')) === 2, 'both dead letters', 20_000);
}

/** The delay is the fault itself. */
function killAfter(victim: Victim, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(() => {
      victim.kill();
      resolve();
    }, delayMs);
  });
}
