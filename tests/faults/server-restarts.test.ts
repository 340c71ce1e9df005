import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { findFreePort, type TestServer } from '../support/server.js';
import { expectExact, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import {
  connectClient,
  isSoak,
  placeOf,
  repeatedRuns,
  foldsThrough,
  startOwnServer,
  untilDone,
  writeMessages,
  type RunningFold,
} from './harness.js';
import { startLoad, untilLogged, untilMore } from './load.js';
import { report } from './report.js';

const ROUNDS = isSoak ? 40 : 4;
const SMALL = { batch: { maxMessages: 50 } };

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test(
    'a server with an append-only file that is killed and restarted under load loses nothing and doubles nothing',
    async () => {
      const { server, client } = await startOwnServer({ appendonly: true });
      const place = placeOf('aof');
      const fold = await startFold(server.url, place, { consumer: SMALL });
      const load = startLoad(client, place);
      for (let round = 0; round < ROUNDS; round += 1) {
        await untilMore(fold, 500);
        await server.kill('SIGKILL');
        await server.restart();
      }
      await untilMore(fold, 500);
      await load.stop();
      await untilDone(client, place);
      expect(fold.rewinds, 'nothing acknowledged was lost').toEqual([]);
      report('server restarted, scripts or connections lost', {
        faults: ROUNDS,
        ...(await expectExact(client, place)),
      });
    },
    isSoak ? 300_000 : 60_000,
  );

  test('a server that forgets its scripts again and again is taught them again', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('flushed');
    const fold = await startFold(server.url, place, { consumer: SMALL });
    for (let round = 0; round < 30; round += 1) {
      await writeMessages(client, place, 100, round * 100 + 1);
      await client.script('FLUSH');
    }
    await untilDone(client, place);
    expect(repeatedRuns(fold)).toEqual({});
    expect(fold.consumer.stats()).toMatchObject({ recoveries: 0 });
    report('server restarted, scripts or connections lost', { faults: 30, ...(await expectExact(client, place)) });
  });

  test('a server that kills every client again and again is connected to again', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('kicked');
    const fold = await startFold(server.url, place, { consumer: SMALL });
    const load = startLoad(client, place);
    for (let round = 0; round < (isSoak ? 1_000 : 50); round += 1) {
      await untilMore(fold, 50);
      await client.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    }
    await load.stop();
    await untilDone(client, place);
    expect(fold.consumer.stats().recoveries).toBeGreaterThan(20);
    expect(repeatedRuns(fold)).toEqual({});
    report('server restarted, scripts or connections lost', {
      faults: fold.consumer.stats().recoveries,
      ...(await expectExact(client, place)),
    });
  }, 120_000);

  test('a server that is still loading its data is waited for', async () => {
    const slowly = ['--key-load-delay', '2000', '--loading-process-events-interval-bytes', '1024'];
    const { server, client } = await startOwnServer({ args: slowly });
    const place = placeOf('loading');
    await fillUp(client);
    const fold = await startFold(server.url, place);
    await writeMessages(client, place, 1_000);
    await untilDone(client, place);
    await client.save();
    await server.kill('SIGKILL');
    await server.restart();
    await untilLogged(fold, /loading/i);
    await writeMessages(client, place, 1_000, 1_001);
    await untilDone(client, place);
    report('server not ready', { faults: 1, ...(await expectExact(client, place)) });
  }, 60_000);

  test('a server busy with a long script is waited for, and no message is handled twice', async () => {
    const { server, client } = await startOwnServer({ args: ['--busy-reply-threshold', '20'] });
    const place = placeOf('busy');
    const fold = await startFold(server.url, place, { consumer: SMALL });
    for (let round = 0; round < 3; round += 1) {
      await untilBusyEnds(server, client, fold, place, round);
      await untilDone(client, place);
    }
    expect(repeatedRuns(fold)).toEqual({});
    report('server not ready', { faults: 3, ...(await expectExact(client, place)) });
  });

  test.each([
    { name: 'a read-only replica', serveStale: 'yes' },
    { name: 'a replica that serves nothing without its master', serveStale: 'no' },
  ])('a server that becomes $name for a while is waited for', async ({ serveStale }) => {
    const { server, client } = await startOwnServer({ args: ['--replica-serve-stale-data', serveStale] });
    const nobody = await findFreePort();
    const place = placeOf('replica');
    const fold = await startFold(server.url, place, { consumer: SMALL });
    const load = startLoad(client, place);
    for (let round = 0; round < 4; round += 1) {
      await untilMore(fold, 500);
      fold.log.length = 0;
      await client.replicaof('127.0.0.1', nobody);
      await untilLogged(fold, /READONLY|MASTERDOWN|UNBLOCKED|replica/);
      await client.replicaof('NO', 'ONE');
    }
    await untilMore(fold, 500);
    await load.stop();
    await untilDone(client, place);
    expect(fold.rewinds).toEqual([]);
    expect(fold.consumer.stats()).toMatchObject({ failures: 0 });
    report('server not ready', { faults: 4, ...(await expectExact(client, place)) });
  });
});

/** Keys that take a while to load. */
async function fillUp(client: Redis): Promise<void> {
  const pipeline = client.pipeline();
  for (let i = 0; i < 500; i += 1) pipeline.set(`filler:${i}`, 'x'.repeat(2_000));
  await pipeline.exec();
}

/** Runs an endless script from another client, and kills it when the consumer has met it. */
async function untilBusyEnds(
  server: TestServer,
  client: Redis,
  fold: RunningFold,
  place: Place,
  round: number,
): Promise<void> {
  fold.log.length = 0;
  await writeMessages(client, place, 1_000, round * 1_000 + 1);
  const other = connectClient(server.url);
  const script = other.eval('while true do end', 0).catch(() => 'killed');
  await untilLogged(fold, /BUSY/);
  await client.script('KILL');
  expect(await script).toBe('killed');
}
