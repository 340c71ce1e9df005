import type { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findStartableRedis } from '../support/redis.js';
import { startSentinel } from '../support/sentinel.js';
import { waitFor } from '../support/wait.js';
import { expectExact, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import { foldsThrough, placeOf, positionOf, startOwnServer, untilDone } from './harness.js';
import { startLoad, untilMore } from './load.js';
import { report } from './report.js';

const QUICKLY = ['--repl-diskless-sync-delay', '0'];
const source = await findStartableRedis();

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  // In a container a sentinel would announce addresses that cannot be reached from here.
  test.skipIf(source.kind !== 'binary')(
    'when sentinels fail over to a replica, the consumer goes on there with what that one holds',
    async () => {
      const binary = source.kind === 'binary' ? source.path : '';
      const [master, replica] = [await startOwnServer({ args: QUICKLY }), await startOwnServer({ args: QUICKLY })];
      const place = placeOf('watched');
      await replica.client.replicaof('127.0.0.1', master.server.port);
      await untilFollowed(master.client);
      const sentinel = await startSentinel(binary, master.server.port);
      onTestFinished(() => sentinel[Symbol.asyncDispose]());
      const fold = await startFold({ sentinelPort: sentinel.port }, place, {
        consumer: { batch: { maxMessages: 50 } },
      });
      const load = startLoad(master.client, place);
      await untilMore(fold, 1_000);
      await untilItHasCommits(replica.client, place); // a copy without the record is refused, not started anew
      load.abandon();
      await master.server.kill('SIGKILL');

      await waitFor(async () => (await sentinel.masterPort()) === replica.server.port, 'the failover', 20_000);
      const second = startLoad(replica.client, place, 100_001);
      await untilMore(fold, 1_000);
      await second.stop();
      await untilDone(replica.client, place);
      expect(fold.consumer.stats()).toMatchObject({ failures: 0 });
      expect(fold.consumer.stats().recoveries).toBeGreaterThan(0);
      const verdict = await expectExact(replica.client, place);
      expect(fold.consumer.state.count).toBe(verdict.messages);
      report('failover lost commits', { faults: 1, ...verdict });
    },
    60_000,
  );
});

async function untilFollowed(master: Redis): Promise<void> {
  const isOnline = async (): Promise<boolean> => (await master.info('replication')).includes('state=online');
  await waitFor(isOnline, 'the replica to follow');
}

async function untilItHasCommits(replica: Redis, place: Place): Promise<void> {
  const hasCommits = async (): Promise<boolean> => !['0-0', null].includes(await positionOf(replica, place));
  await waitFor(hasCommits, 'the replica to have commits');
}
