import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { startProxy } from '../support/proxy.js';
import type { TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { expectExact, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import { foldsThrough, placeOf, positionOf, startOwnServer, untilDone, writeMessages } from './harness.js';
import { report } from './report.js';

const QUICKLY = ['--repl-diskless-sync-delay', '0'];

interface Node {
  readonly server: TestServer;
  readonly client: Redis;
}

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('when a replica that missed the newest commits is promoted, state, position and outputs agree on it', async () => {
    const place = placeOf('promoted');
    let [master, replica] = [await startOwnServer({ args: QUICKLY }), await startOwnServer({ args: QUICKLY })];
    await using proxy = await startProxy(master.server.port);
    const fold = await startFold(proxy.url, place);
    const written = [];
    for (let round = 0; round < 3; round += 1) {
      await followUntilEqual(replica, master);
      await writeMessages(master.client, place, 305, round * 1_000 + 1);
      await untilDone(master.client, place);
      const kept = await positionOf(master.client, place);
      await untilItHas(replica, place, kept);
      await loseContact(master, replica);
      await writeMessages(master.client, place, 222, round * 1_000 + 501);
      await untilDone(master.client, place);
      await expectExact(master.client, place);
      written.push((await master.client.xlen(place.stream)) - 222);

      await promoteInsteadOf(master, replica);
      proxy.retarget(replica.server.port);
      await waitFor(() => fold.rewinds.length === round + 1, 'the consumer to rewind');
      expect(fold.rewinds[round]!.to).toMatchObject([{ stream: place.stream, position: kept }]);
      expect((await expectExact(replica.client, place)).messages).toBe(written.at(-1));
      await master.server.restart(); // empty, to follow the new one
      [master, replica] = [replica, master];
    }
    await writeMessages(master.client, place, 100, 9_001);
    await untilDone(master.client, place);
    const verdict = await expectExact(master.client, place);
    expect(verdict.messages).toBe(3 * 305 + 100);
    expect(fold.consumer.state.count).toBe(verdict.messages);
    report('failover lost commits', { faults: 3, ...verdict });
  });
});

async function followUntilEqual(replica: Node, master: Node): Promise<void> {
  await replica.client.replicaof('127.0.0.1', master.server.port);
  const isLinked = async (): Promise<boolean> =>
    (await replica.client.info('replication')).includes('master_link_status:up');
  await waitFor(isLinked, 'the replica to follow');
}

async function untilItHas(replica: Node, place: Place, position: string | null): Promise<void> {
  await waitFor(async () => (await positionOf(replica.client, place)) === position, 'the replica to have the commits');
}

/** The replica is paused first, so that nothing written from now on is even in its sockets. */
async function loseContact(master: Node, replica: Node): Promise<void> {
  await replica.server.kill('SIGSTOP');
  await master.client.call('CLIENT', 'KILL', 'TYPE', 'replica');
}

async function promoteInsteadOf(master: Node, replica: Node): Promise<void> {
  await master.server.kill('SIGKILL');
  await replica.server.kill('SIGCONT');
  await replica.client.replicaof('NO', 'ONE');
}
