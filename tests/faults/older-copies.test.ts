import { describe, expect, test } from 'vitest';
import type { FaultProxy } from '../support/proxy.js';
import { RespClient } from '../support/resp.js';
import type { TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { expectExact, recordKey, registryKey, stateKey, type Place } from './checker.js';
import { CLIENTS, type ClientKind } from './clients.js';
import { capture, isCommit, isFirstClaim, loadCommit } from './faulty.js';
import {
  messageFields,
  placeOf,
  positionOf,
  foldsThrough,
  startOwnProxy,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { report } from './report.js';

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('after a failover to an older copy the consumer rewinds to it, and state, position and outputs agree', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('older');
    const fold = await startFold(server.url, place);
    for (let round = 0; round < 3; round += 1) {
      await writeMessages(client, place, 500, round * 1_000 + 1);
      await untilDone(client, place);
      const copied = await positionOf(client, place);
      await client.save();
      await writeMessages(client, place, 777, round * 1_000 + 501);
      await untilDone(client, place);
      await becomeOlderCopy(server);
      await waitFor(() => fold.rewinds.length === round + 1, 'the consumer to rewind');
      expect(fold.rewinds[round]!.to).toMatchObject([{ stream: place.stream, position: copied }]);
      await expectExact(client, place);
      expect(fold.consumer.state.count).toBe((round + 1) * 500);
    }
    await writeMessages(client, place, 100, 9_001);
    await untilDone(client, place);
    expect(report('failover lost commits', { faults: 3, ...(await expectExact(client, place)) }).messages).toBe(1_600);
  });

  test('on an older copy that holds the same position, entries handled but not committed are read again, not trusted', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('same-ids');
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    const store = { connectTimeoutMs: 1_500, commandTimeoutMs: 300 };
    const fold = await startFold(proxy.url, place, {
      store,
      before: ({ n }) => (n === 'm11' ? server.kill('SIGSTOP') : undefined),
    });
    await writeMessages(client, place, 10);
    await untilDone(client, place);
    await client.save();
    const future = ['9000000000000-1', '9000000000000-2'] as const;
    const sent = capture(proxy, isCommit, 'pass');
    await writeAtOnce(server, place, future);
    await sent; // to a server that is stopped, and dies without having run it
    proxy.blackhole(true);
    await becomeOlderCopy(server);
    for (const [i, id] of future.entries()) await client.xadd(place.stream, id, ...messageFields(111 + i));
    proxy.blackhole(false);
    await untilDone(client, place);
    expect(fold.rewinds, 'the base was there').toEqual([]);
    expect(report('failover lost commits', { faults: 1, ...(await expectExact(client, place)) }).messages).toBe(12);
  });

  test('keys restored from an older copy under a running consumer rewind it, without any connection lost', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('restored');
    const fold = await startFold(server.url, place);
    await writeMessages(client, place, 105);
    await untilDone(client, place);
    const keys = [recordKey(place), stateKey(place), registryKey(place), place.target];
    const copies = await Promise.all(keys.map((key) => client.dumpBuffer(key)));
    await writeMessages(client, place, 100, 106);
    await untilDone(client, place);
    const restore = client.multi();
    keys.forEach((key, i) => restore.restore(key, 0, copies[i]!, 'REPLACE'));
    await restore.exec();
    await writeMessages(client, place, 100, 206);
    await untilDone(client, place);
    expect(fold.rewinds.length).toBe(1);
    expect(report('failover lost commits', { faults: 1, ...(await expectExact(client, place)) }).messages).toBe(305);
  });

  test('a takeover that a failover has undone is claimed again, and the consumer goes on', async () => {
    await expectTakeoverRepeated(library, 'undone', async () => {});
  });

  test('a takeover claimed again whose answer is lost does not fence its own owner', async () => {
    await expectTakeoverRepeated(library, 'unanswered', (proxy) => proxy.loseNextReply(isFirstClaim));
  });
});

/** The second owner's claim exists only after the copy was made, so the copy knows the first one's, of a lower epoch. */
async function expectTakeoverRepeated(
  library: ClientKind,
  name: string,
  fault: (proxy: FaultProxy) => Promise<void>,
): Promise<void> {
  const startFold = foldsThrough(library);
  const { server, client } = await startOwnServer();
  const place = placeOf(name);
  const proxy = await startOwnProxy(server);
  const first = await startFold(server.url, place);
  await writeMessages(client, place, 100);
  await untilDone(client, place);
  await client.save();
  const second = await startFold(proxy.url, place);
  await writeMessages(client, place, 100, 101);
  await untilDone(client, place);
  await expect(first.consumer.closed).rejects.toMatchObject({ code: 'ARS_FENCED' });
  const hasStruck = fault(proxy);
  await becomeOlderCopy(server);
  await writeMessages(client, place, 50, 201);
  await untilDone(client, place);
  await hasStruck;
  expect(second.rewinds.length).toBe(1);
  expect(report('failover lost commits', { faults: 1, ...(await expectExact(client, place)) }).messages).toBe(150);
}

/** Messages from 11 on, in one step and without waiting for its reply, since the server may be stopped before it replies. */
async function writeAtOnce(server: TestServer, place: Place, ids: readonly string[]): Promise<void> {
  const writer = await RespClient.connect(server.port);
  const adds = ids.map((id, i) => ['XADD', place.stream, id, ...messageFields(11 + i)]);
  for (const command of [['MULTI'], ...adds, ['EXEC']]) writer.send(...command).catch(() => {});
}

/** The server dies; another one takes its place at the same address, with what was last saved. */
async function becomeOlderCopy(server: TestServer): Promise<void> {
  await server.kill('SIGKILL');
  await server.restart();
}
