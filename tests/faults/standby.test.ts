import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { expectExact, type Place, recordKey } from './checker.js';
import { CLIENTS } from './clients.js';
import { isSoak, placeOf, positionOf, startOwnServer, untilDone, writeMessages } from './harness.js';
import { expectNoInterleaving, type Member, type MemberPlan, startMember } from './members.js';
import { report } from './report.js';

const LEASE_MS = 600;

interface Pair {
  readonly server: TestServer;
  readonly client: Redis;
  readonly place: Place;
  readonly owner: Member;
  readonly standby: Member;
}

describe.each(isSoak ? CLIENTS : (['ioredis'] as const))('through %s', (library) => {
  async function startPair(name: string, owning: Partial<MemberPlan> = {}): Promise<Pair> {
    const { server, client } = await startOwnServer();
    const place = placeOf(name);
    await writeMessages(client, place, 200);
    const plan = { client: library, url: server.url, place, leaseMs: LEASE_MS, maxMessages: 20 };
    const owner = startMember({ ...plan, by: 'owner', ...owning });
    await owner.until('claimed');
    const standby = startMember({ ...plan, by: 'standby' });
    await standby.until('standby');
    return { server, client, place, owner, standby };
  }

  test('a standby goes on behind an owner that was killed', async () => {
    const { client, place, owner, standby } = await startPair('killed');
    await untilDone(client, place);
    owner.kill('SIGKILL');
    await writeMessages(client, place, 200, 201);
    await standby.until('claimed');
    await untilDone(client, place);
    expect(await standby.stop()).toMatchObject({ rewinds: 0 });
    const { authors } = report('process killed', { faults: 1, ...(await expectExact(client, place)) });
    expect(expectNoInterleaving(authors)).toEqual(['owner', 'standby']);
  });

  test('an owner paused for longer than its lease is taken over, and commits nothing when it wakes', async () => {
    const { client, place, owner, standby } = await startPair('paused', { pauseInHandler: 105 });
    await owner.until('pausing');
    const before = await positionOf(client, place);
    await standby.until('claimed');
    await untilDone(client, place);
    expect(await positionOf(client, place)).not.toBe(before);
    owner.kill('SIGCONT');
    expect((await owner.until('ended')).code).toBe('ARS_FENCED');
    await writeMessages(client, place, 100, 201);
    await untilDone(client, place);
    expect((await standby.stop()).code).toBeUndefined();
    const { authors } = report('two owners', { faults: 1, ...(await expectExact(client, place)) });
    expect(expectNoInterleaving(authors)).toEqual(['owner', 'standby']);
  });

  test('an owner whose event loop is blocked beyond its lease is fenced by its standby', async () => {
    const sign = join(await mkdtemp(join(tmpdir(), 'ars-blocked-')), 'claimed');
    onTestFinished(() => rm(dirname(sign), { recursive: true }));
    const { client, place, owner, standby } = await startPair('blocked', { blockInHandler: 105, blockUntil: sign });
    await standby.until('claimed');
    await writeFile(sign, '');
    expect((await owner.until('ended')).code).toBe('ARS_FENCED');
    await untilDone(client, place);
    expect((await standby.stop()).code).toBeUndefined();
    const { authors } = report('two owners', { faults: 1, ...(await expectExact(client, place)) });
    expect(expectNoInterleaving(authors)).toEqual(['owner', 'standby']);
  });

  test('a handler that waits is told by its signal when its owner is fenced', async () => {
    const { client, place, owner, standby } = await startPair('told', { waitInHandler: 105 });
    await owner.until('blocked');
    const usurper = startMember({
      client: library,
      url: urlOf(client),
      place,
      leaseMs: LEASE_MS,
      by: 'usurper',
      standby: false,
    });
    await usurper.until('claimed');
    expect((await owner.until('aborted')).code).toBe('ARS_FENCED');
    expect((await owner.until('ended')).code).toBe('ARS_FENCED');
    await untilDone(client, place);
    expect(standby.told).toEqual(['standby']);
    await usurper.stop();
    await standby.until('claimed');
    await standby.stop();
    report('two owners', { faults: 1, ...(await expectExact(client, place)) });
  });

  test('a standby that was paused for longer than the lease leaves a living owner alone', async () => {
    const { client, place, owner, standby } = await startPair('sleeper');
    standby.kill('SIGSTOP');
    await beats(client, place, 5);
    standby.kill('SIGCONT');
    await beats(client, place, 4);
    await writeMessages(client, place, 100, 201);
    await untilDone(client, place);
    expect([owner.told.slice(0, 2), standby.told]).toEqual([['claimed', 'working'], ['standby']]);
    await owner.stop();
    await standby.until('claimed');
    await standby.stop();
    report('two owners', { faults: 1, ...(await expectExact(client, place)) });
  });

  test('a server that stands still for longer than the lease does not make a standby take over', async () => {
    const { server, client, place, owner, standby } = await startPair('still');
    await untilDone(client, place);
    for (let fault = 0; fault < 2; fault += 1) {
      await server.kill('SIGSTOP');
      await new Promise((resolve) => setTimeout(resolve, 2 * LEASE_MS)); // the fault itself
      await server.kill('SIGCONT');
      await beats(client, place, 3);
    }
    await writeMessages(client, place, 100, 201);
    await untilDone(client, place);
    expect(standby.told).toEqual(['standby']);
    expect((await owner.stop()).code).toBeUndefined();
    await standby.until('claimed');
    await standby.stop();
    report('server not ready', { faults: 2, ...(await expectExact(client, place)) });
  });

  test('without a standby an owner goes on after its event loop was blocked beyond its lease', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('alone');
    await writeMessages(client, place, 200);
    const plan = { client: library, url: server.url, place, leaseMs: 300, by: 'owner' };
    const owner = startMember({ ...plan, blockInHandler: 100, blockMs: 900, maxMessages: 20 });
    await untilDone(client, place);
    expect((await owner.stop()).code).toBeUndefined();
    report('two owners', { faults: 1, ...(await expectExact(client, place)) });
  });
});

const urlOf = ({ options }: Redis): string => `redis://${options.host}:${options.port}`;

/** Waits for so many signs of life of the owner. */
async function beats(client: Redis, place: Place, count: number): Promise<void> {
  const seen = new Set<string | null>();
  const look = async (): Promise<boolean> => seen.add(await client.hget(recordKey(place), 'heartbeat')).size > count;
  await waitFor(look, `${count} heartbeats`, 20_000);
}
