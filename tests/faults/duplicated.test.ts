import { describe, expect, test } from 'vitest';
import { expectExact } from './checker.js';
import { CLIENTS } from './clients.js';
import { duplicateEvery, isCommit, isRenewal, loadCommit } from './faulty.js';
import {
  foldsThrough,
  placeOf,
  repeatedRuns,
  startOwnProxy,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { report } from './report.js';

const SMALL = { batch: { maxMessages: 20 } };

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('commits that reach the server twice, on two connections at once, take effect once', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('doubled');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    const copies = duplicateEvery(proxy, 2, { matches: isCommit, port: server.port });
    const fold = await startFold(proxy.url, place, { consumer: SMALL });
    for (let n = 1; n <= 4_000; n += 100) await writeMessages(client, place, 100, n);
    await untilDone(client, place);
    await fold.consumer.caughtUp();
    expect(copies().length).toBeGreaterThan(20);
    for (const reply of copies()) expect(reply).toMatchObject([/^(committed|already|stale)$/.exec(String(reply))?.[0]]);
    expect(repeatedRuns(fold)).toEqual({});
    expect(fold.consumer.stats()).toMatchObject({ messages: 4_000, failures: 0, rewinds: 0 });
    report('reply lost or connection cut', { faults: copies().length, ...(await expectExact(client, place)) });
  });

  test('commits of which a copy arrives before them are answered as applied, and no message is handled again', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('preceded');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    proxy.duplicate(isCommit);
    const fold = await startFold(proxy.url, place, { consumer: SMALL });
    for (let n = 1; n <= 2_000; n += 100) await writeMessages(client, place, 100, n);
    await untilDone(client, place);
    await fold.consumer.caughtUp();
    expect(proxy.duplicates).toBeGreaterThan(20);
    expect(repeatedRuns(fold)).toEqual({});
    expect(fold.consumer.stats()).toMatchObject({ messages: 2_000, failures: 0, rewinds: 0, recoveries: 0 });
    report('reply lost or connection cut', { faults: proxy.duplicates, ...(await expectExact(client, place)) });
  });

  test('commits and renewals that arrive twice while connections are cut take effect once', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('doubled-cut');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    const commits = duplicateEvery(proxy, 3, { matches: isCommit, port: server.port });
    duplicateEvery(proxy, 2, { matches: isRenewal, port: server.port });
    const fold = await startFold(proxy.url, place, { consumer: SMALL });
    for (let n = 1; n <= 3_000; n += 100) {
      await writeMessages(client, place, 100, n);
      if (n % 500 === 1) proxy.cutAll();
    }
    await untilDone(client, place);
    expect(commits().length).toBeGreaterThan(10);
    expect(fold.rewinds).toEqual([]);
    expect(repeatedRuns(fold)).toEqual({});
    report('reply lost or connection cut', { faults: commits().length + 6, ...(await expectExact(client, place)) });
  });

  test('a link on which every answer takes its time slows the consumer down and changes nothing else', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('delayed');
    const proxy = await startOwnProxy(server);
    const fold = await startFold(proxy.url, place, { consumer: SMALL });
    for (const [round, delayMs] of [40, 5, 0].entries()) {
      proxy.delay(delayMs);
      await writeMessages(client, place, 400, round * 400 + 1);
      await untilDone(client, place);
    }
    expect(repeatedRuns(fold)).toEqual({});
    expect(fold.consumer.stats()).toMatchObject({ recoveries: 0, failures: 0 });
    report('reply lost or connection cut', { faults: 3, ...(await expectExact(client, place)) });
  });
});
