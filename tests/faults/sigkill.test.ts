import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { expectExact, recordKey, type Place } from './checker.js';
import { startChild, type Child, type ChildExit, type ChildPlan } from './children.js';
import { CLIENTS } from './clients.js';
import { capture, isCommit, loadCommit } from './faulty.js';
import {
  between,
  isSoak,
  placeOf,
  positionOf,
  seededRandom,
  startOwnProxy,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { report } from './report.js';

const MESSAGES = isSoak ? 200_000 : 11_200;
const KILLS = isSoak ? 500 : 28;
const PER_LIFE = Math.floor(MESSAGES / KILLS);
const KILLED: ChildExit = { code: null, signal: 'SIGKILL' };

/** When a life ends: in a handler, at an acknowledgement, or at any moment, of which most are while starting. */
type Death = 'in a handler' | 'at a commit' | 'after the first message' | 'at any moment';
const DEATHS: readonly Death[] = ['in a handler', 'at a commit', 'after the first message', 'at any moment'];

describe.each(CLIENTS)('through %s', (library) => {
  test(
    `a process killed ${KILLS} times while messages arrive leaves each output once, in order, and the state of the fold`,
    async () => {
      const random = seededRandom();
      const { server, client } = await startOwnServer();
      const producer = client.duplicate();
      const place = placeOf('killed');
      for (let life = 0; life < KILLS; life += 1) {
        const writing = writeSlowly(producer, place, life * PER_LIFE + 1, PER_LIFE);
        const exit = await liveAndDie(
          { client: library, url: server.url, place, maxMessages: between(random, 1, 100) },
          DEATHS[life % 4]!,
          random,
        );
        expect(exit, `life ${life}`).toEqual(KILLED);
        await writing;
        await expectExactSometimes(life, client, place);
      }
      await writeMessages(client, place, MESSAGES - KILLS * PER_LIFE, KILLS * PER_LIFE + 1);
      await finish(startChild({ client: library, url: server.url, place }), client, place);
      expect(report('process killed', { faults: KILLS, ...(await expectExact(client, place)) }).messages).toBe(
        MESSAGES,
      );
      producer.disconnect();
    },
    isSoak ? 900_000 : 120_000,
  );

  test('a process killed between the execution of its commit and the reply to it leaves the commit applied once', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('unanswered');
    await loadCommit(client);
    for (let life = 0; life < 5; life += 1) {
      await writeMessages(client, place, 400, life * 400 + 1);
      const proxy = await startOwnProxy(server);
      const before = await positionOf(client, place);
      const child = startChild({ client: library, url: proxy.url, place, maxMessages: 20 });
      const sent = await capture(proxy, isCommit, 'pass');
      proxy.blackhole(true);
      await untilApplied(client, place, sent);
      child.kill('SIGKILL');
      expect(await child.exited).toEqual(KILLED);
      expect(await positionOf(client, place)).not.toBe(before);
      await expectExact(client, place, { isPartial: true });
    }
    await finish(startChild({ client: library, url: server.url, place }), client, place);
    expect(report('process killed', { faults: 5, ...(await expectExact(client, place)) }).messages).toBe(2_000);
  });

  test('a process killed before its commit reaches the server leaves nothing of it, even while the connection is torn', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('unsent');
    await writeMessages(client, place, 500);
    for (let life = 0; life < 3; life += 1) {
      const proxy = await startOwnProxy(server);
      const child = startChild({ client: library, url: proxy.url, place });
      await capture(proxy, isCommit, 'cut');
      await proxy.close();
      child.kill('SIGKILL');
      expect(await child.exited).toEqual(KILLED);
      expect(await positionOf(client, place)).toBe('0-0');
      await expectExact(client, place, { isPartial: true });
    }
    await finish(startChild({ client: library, url: server.url, place }), client, place);
    report('process killed', { faults: 3, ...(await expectExact(client, place)) });
  });
});

async function liveAndDie(plan: ChildPlan, death: Death, random: () => number): Promise<ChildExit> {
  const dieInHandler = death === 'in a handler' ? between(random, 1, PER_LIFE) : 0;
  const dieAtCommit = death === 'at a commit' ? between(random, 1, 3) : 0;
  const child = startChild({ ...plan, dieInHandler, dieAtCommit });
  if (death === 'after the first message') await child.until('working');
  if (death === 'after the first message') killAfter(child, between(random, 0, 15));
  if (death === 'at any moment') killAfter(child, between(random, 50, 500));
  return child.exited;
}

/** The delay is the fault itself. */
function killAfter(child: Child, delayMs: number): void {
  setTimeout(() => child.kill('SIGKILL'), delayMs);
}

async function writeSlowly(client: Redis, place: Place, from: number, count: number): Promise<void> {
  for (let done = 0; done < count; done += 40)
    await writeMessages(client, place, Math.min(40, count - done), from + done);
}

/** Looking after every life costs more than the lives. */
async function expectExactSometimes(life: number, client: Redis, place: Place): Promise<void> {
  const isClaimed = (await client.exists(recordKey(place))) === 1;
  if (isClaimed && life % 10 === 9) await expectExact(client, place, { isPartial: true });
}

/** The server has run a commit when the position it stores is the one that the request named. */
async function untilApplied(client: Redis, place: Place, commit: Buffer): Promise<void> {
  await waitFor(async () => commit.includes((await positionOf(client, place)) ?? 'none'), 'the commit to be applied');
}

async function finish(child: Child, client: Redis, place: Place): Promise<void> {
  await untilDone(client, place);
  expect(await child.stop()).toMatchObject({ event: 'ended', rewinds: 0 });
}
