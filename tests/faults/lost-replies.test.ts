import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import type { FaultProxy } from '../support/proxy.js';
import { waitFor } from '../support/wait.js';
import { expectExact, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import { capture, isClaim, isCommit, isRenewal, loadCommit, loseEvery } from './faulty.js';
import {
  between,
  isSoak,
  placeOf,
  repeatedRuns,
  seededRandom,
  foldsThrough,
  startOwnProxy,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { report } from './report.js';

const SMALL = { batch: { maxMessages: 20 } };

const CUTTING_MS = isSoak ? 60_000 : 5_000;

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('when every fifth reply to a commit is lost, every message is handled once and committed once', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('fifth');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    const lost = loseEvery(proxy, 5, isCommit);
    const fold = await startFold(proxy.url, place, { consumer: SMALL });
    for (let n = 1; n <= 6_000; n += 100) await writeMessages(client, place, 100, n);
    await untilDone(client, place);
    expect(lost()).toBeGreaterThanOrEqual(20);
    await fold.consumer.caughtUp();
    expect(repeatedRuns(fold)).toEqual({});
    expect(fold.consumer.stats()).toMatchObject({ messages: 6_000, failures: 0, rewinds: 0 });
    expect(
      report('reply lost or connection cut', { faults: lost(), ...(await expectExact(client, place)) }).messages,
    ).toBe(6_000);
  });

  test('when replies to renewals are lost as well, recovery goes on until it succeeds', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('renewals');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    const lostCommits = loseEvery(proxy, 10, isCommit);
    const lostRenewals = loseEvery(proxy, 2, isRenewal);
    const fold = await startFold(proxy.url, place, { consumer: SMALL });
    for (let n = 1; n <= 2_000; n += 100) await writeMessages(client, place, 100, n);
    await untilDone(client, place);
    expect(lostCommits()).toBeGreaterThan(2);
    expect(lostRenewals()).toBeGreaterThan(1);
    expect(repeatedRuns(fold)).toEqual({});
    expect(
      report('reply lost or connection cut', {
        faults: lostCommits() + lostRenewals(),
        ...(await expectExact(client, place)),
      }).messages,
    ).toBe(2_000);
  });

  test('a start whose claim was answered into the void leaves a consumer that starts and is exact', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('claim');
    await writeMessages(client, place, 100);
    const proxy = await startOwnProxy(server);
    await (await startFold(server.url, placeOf('warm-up'))).consumer.stop(); // the scripts are known now
    void proxy.loseNextReply(isClaim);
    await expect(startFold(proxy.url, place)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await startFold(proxy.url, place);
    await untilDone(client, place);
    report('reply lost or connection cut', { faults: 1, ...(await expectExact(client, place)) });
  });

  test(
    `all connections cut at random for ${CUTTING_MS / 1_000} s under load: every message is handled once and committed once`,
    async () => {
      const random = seededRandom();
      const { server, client } = await startOwnServer();
      const place = placeOf('cut');
      const proxy = await startOwnProxy(server);
      const fold = await startFold(proxy.url, place, { consumer: SMALL });
      const cuts = await cutAtRandom(proxy, random, (n) => writeMessages(client, place, 50, n));
      await untilDone(client, place);
      await fold.consumer.caughtUp();
      expect(cuts).toBeGreaterThan(20);
      expect(fold.consumer.stats().recoveries).toBeGreaterThan(10);
      expect(repeatedRuns(fold)).toEqual({});
      expect(fold.rewinds).toEqual([]);
      report('reply lost or connection cut', { faults: cuts, ...(await expectExact(client, place)) });
    },
    CUTTING_MS + 60_000,
  );

  test('a link that goes silent under load is given up, built anew, and the commit that it swallowed is resolved', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('silent');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    const store = { commandTimeoutMs: 300, connectTimeoutMs: 1_500 };
    const fold = await startFold(proxy.url, place, { store, consumer: SMALL });
    for (let round = 0; round < 3; round += 1) {
      await silenceDuringCommit(proxy, client, place, round * 1_000 + 1);
      await untilDone(client, place);
    }
    expect(fold.consumer.stats().recoveries).toBeGreaterThanOrEqual(3);
    expect(repeatedRuns(fold)).toEqual({});
    expect(fold.rewinds).toEqual([]);
    expect(report('half-open link', { faults: 3, ...(await expectExact(client, place)) }).messages).toBe(3_000);
  });

  test('an idle consumer notices by its heartbeat that its links went silent, and reads on over new ones', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('idle');
    const proxy = await startOwnProxy(server);
    const store = { commandTimeoutMs: 300, connectTimeoutMs: 1_500 };
    await writeMessages(client, place, 10);
    const fold = await startFold(proxy.url, place, { store, consumer: { leaseMs: 300 } });
    await fold.consumer.caughtUp();
    await untilLinkIsReplaced(proxy);
    await writeMessages(client, place, 10, 11);
    await untilDone(client, place);
    expect(repeatedRuns(fold)).toEqual({});
    expect(report('half-open link', { faults: 1, ...(await expectExact(client, place)) }).messages).toBe(20);
  });
});

/** Cuts until the time is over; the delays are the fault itself. */
async function cutAtRandom(
  proxy: FaultProxy,
  random: () => number,
  write: (from: number) => Promise<void>,
): Promise<number> {
  const end = Date.now() + CUTTING_MS;
  let cuts = 0;
  for (let n = 1; Date.now() < end; n += 50) {
    await write(n);
    if (random() < 0.3) continue;
    await new Promise((resolve) => setTimeout(resolve, between(random, 0, 60)));
    proxy.cutAll();
    cuts += 1;
  }
  return cuts;
}

async function silenceDuringCommit(proxy: FaultProxy, client: Redis, place: Place, from: number): Promise<void> {
  const sent = capture(proxy, isCommit, 'pass').then(() => proxy.blackhole(true));
  await writeMessages(client, place, 1_000, from);
  await sent;
  await untilLinkIsReplaced(proxy);
}

/** Silences all links, waits until the client has given them up and tried new ones, and lets those speak. */
async function untilLinkIsReplaced(proxy: FaultProxy): Promise<void> {
  const before = proxy.accepted;
  proxy.blackhole(true);
  await waitFor(() => proxy.accepted > before, 'the silent links to be given up');
  proxy.blackhole(false);
}
