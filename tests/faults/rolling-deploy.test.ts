import type { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { expectExact } from './checker.js';
import { CLIENTS } from './clients.js';
import type { Place } from './checker.js';
import {
  between,
  connectClient,
  isSoak,
  placeOf,
  seededRandom,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { expectNoInterleaving, type Member, startMember } from './members.js';
import { report } from './report.js';

const REPLACEMENTS = isSoak ? 100 : 10;

/** The other client goes through the same in `standby.test.ts`, and in the long variant. */
describe.each(isSoak ? CLIENTS : (['node-redis'] as const))('through %s', (library) => {
  test(
    `two processes replaced ${REPLACEMENTS} times under load, stopped or killed, write every output once and in turn`,
    async () => {
      const random = seededRandom();
      const { server, client } = await startOwnServer();
      const place = placeOf('rolling');
      const plan = { client: library, url: server.url, place, leaseMs: 700, maxMessages: 100 };
      const members = [startMember({ ...plan, by: 'generation 0' })];
      await members[0]!.until('claimed');
      const load = startTrickle(connectClient(server.url), place);
      for (let replaced = 0; replaced < REPLACEMENTS; replaced += 1) {
        // The new one comes before the old one goes, as rolling deploys do it; what goes is now the owner, now a standby.
        const next = startMember({ ...plan, by: `generation ${replaced + 1}` });
        members.push(next);
        await next.until('standby');
        const owner = members.find(({ isOwner }) => isOwner)!;
        const idle = members.find((member) => member !== next && member !== owner);
        const leaving = idle !== undefined && replaced % 5 === 4 ? idle : owner;
        if (replaced > 0) {
          await leave(leaving, replaced, random);
          members.splice(members.indexOf(leaving), 1);
        }
        await waitFor(() => members.some(({ isOwner }) => isOwner), 'somebody to own the consumer');
        const written = await client.xlen(place.target);
        await waitFor(async () => (await client.xlen(place.target)) > written, 'the work to go on', 20_000);
      }
      await load();
      await untilDone(client, place);
      for (const member of members) expect((await member.stop()).code, member.by).toBeUndefined();
      const verdict = report('two owners', { faults: REPLACEMENTS, ...(await expectExact(client, place)) });
      expect(expectNoInterleaving(verdict.authors).length).toBeGreaterThan(REPLACEMENTS / 2);
    },
    isSoak ? 600_000 : 60_000,
  );
});

/** Writes some 500 messages a second, which every owner keeps up with; what it answers ends that. */
function startTrickle(client: Redis, place: Place): () => Promise<void> {
  let isStopping = false;
  const writing = (async () => {
    for (let n = 1; !isStopping; n += 5) {
      await writeMessages(client, place, 5, n);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  writing.catch(() => {});
  onTestFinished(() => void (isStopping = true));
  return () => {
    isStopping = true;
    return writing;
  };
}

/** Stops a process as a deploy does, or kills it, in the middle of whatever it does. */
async function leave(member: Member, round: number, random: () => number): Promise<void> {
  if (round % 2 === 0) {
    expect((await member.stop()).code, member.by).toBeUndefined();
    return;
  }
  const delayMs = between(random, 0, 50);
  setTimeout(() => member.kill('SIGKILL'), delayMs);
  await member.exited;
}
