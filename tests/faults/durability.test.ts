import type { DurabilityOptions } from '@ars/core';
import type { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { expectExact, type Place, recordKey } from './checker.js';
import {
  foldsThrough,
  type FoldOptions,
  isSoak,
  placeOf,
  positionOf,
  repeatedRuns,
  type RunningFold,
  startOwnProxy,
  startOwnServer,
  untilDone,
  writeMessages,
} from './harness.js';
import { report } from './report.js';

const QUICKLY = ['--repl-diskless-sync-delay', '0'];
const CLIENTS = isSoak ? (['ioredis', 'node-redis'] as const) : (['ioredis'] as const);

interface Servers {
  readonly server: TestServer;
  readonly client: Redis;
  readonly replica: TestServer;
}

/** A server with a replica that follows it and has all. */
async function startReplicated(): Promise<Servers> {
  const { server, client } = await startOwnServer({ args: QUICKLY });
  const args = [...QUICKLY, '--replicaof', `127.0.0.1 ${server.port}`];
  const { server: replica } = await startOwnServer({ args });
  // A server that is paused when its test fails could not be ended.
  onTestFinished(() => (replica.pid === undefined ? undefined : replica.kill('SIGCONT')));
  const isFollowing = async () => (await client.info('replication')).includes('state=online');
  await waitFor(isFollowing, 'the replica to follow');
  return { server, client, replica };
}

/** What a fold that waits for durability has told of its commits. */
interface Durable extends RunningFold {
  /** The messages whose `afterCommit` has run. */
  readonly after: string[];
}

async function startDurable(
  library: (typeof CLIENTS)[number],
  url: string,
  place: Place,
  durability: DurabilityOptions,
  options: FoldOptions = {},
): Promise<Durable> {
  const after: string[] = [];
  const fold = await foldsThrough(library)(url, place, {
    ...options,
    before: (message, transaction) => transaction.afterCommit(() => void after.push(message['n']!)),
    consumer: { durability, ...options.consumer },
  });
  return { ...fold, after };
}

/** The commits that the server has applied. */
async function untilApplied(client: Redis, place: Place, count: number): Promise<void> {
  const read = (): Promise<string | null> => client.hget(recordKey(place), `read:${place.stream}`);
  await waitFor(async () => Number(await read()) === count, `${count} messages to be applied`);
}

/** The replica has all that the server has written: until then even a commit of before may fall short. */
async function untilReplicated(client: Redis): Promise<void> {
  await client.set('replicated', '1'); // WAIT looks at the last write of its own connection
  await waitFor(async () => (await client.wait(1, 100)) === 1, 'the replica to be up to date');
}

const shortfalls = ({ log }: RunningFold): number => log.filter((line) => line.includes('1 replica(s)')).length;

test.each(CLIENTS)(
  'through %s, commits count when the replica has them, and wait while it stands still',
  async (library) => {
    const { server, client, replica } = await startReplicated();
    const place = placeOf('durable');
    const fold = await startDurable(library, server.url, place, { replicas: 1, timeoutMs: 50 });
    await writeMessages(client, place, 50);
    await waitFor(() => fold.after.length === 50, 'callbacks behind durable commits');
    for (let pause = 1; pause <= 2; pause += 1) {
      const done = fold.after.length;
      const told = shortfalls(fold);
      await replica.kill('SIGSTOP');
      await writeMessages(client, place, 1, done + 1);
      await untilApplied(client, place, done + 1);
      await waitFor(() => shortfalls(fold) > told, 'the shortfall to be told');
      await writeMessages(client, place, 49, done + 2);
      const heartbeat = await client.hget(recordKey(place), 'heartbeat');
      await waitFor(
        async () => Number(await client.hget(recordKey(place), 'heartbeat')) > Number(heartbeat) + 100,
        'more waits in vain',
      );
      expect(fold.after).toHaveLength(done);
      expect(fold.commits.reduce((sum, count) => sum + count, 0)).toBe(done);
      expect(await client.hget(recordKey(place), `read:${place.stream}`)).toBe(String(done + 1));
      await replica.kill('SIGCONT');
      await waitFor(() => fold.after.length === done + 50, 'the work to go on');
    }
    expect(fold.after).toEqual(Array.from({ length: 150 }, (_, index) => `m${index + 1}`));
    expect(repeatedRuns(fold)).toEqual({});
    report('server not ready', { faults: 2, ...(await expectExact(client, place)) });
  },
);

test.each(CLIENTS)(
  'through %s, a connection cut while waiting costs no second run and no second callback',
  async (library) => {
    const { server, client, replica } = await startReplicated();
    const place = placeOf('cut');
    const proxy = await startOwnProxy(server);
    const fold = await startDurable(library, proxy.url, place, { replicas: 1, timeoutMs: 50 });
    await replica.kill('SIGSTOP');
    await writeMessages(client, place, 1);
    await untilApplied(client, place, 1);
    await waitFor(() => shortfalls(fold) > 0, 'the shortfall to be told');
    await writeMessages(client, place, 20, 2);
    for (let cut = 1; cut <= 3; cut += 1) {
      const accepted = proxy.accepted;
      proxy.cutAll();
      await waitFor(() => proxy.accepted >= accepted + 3, 'the connections to be made again');
    }
    expect(fold.after).toEqual([]);
    await replica.kill('SIGCONT');
    await untilDone(client, place);
    await waitFor(() => fold.after.length === 21, 'every callback');
    expect(fold.after).toEqual(Array.from({ length: 21 }, (_, index) => `m${index + 1}`));
    expect(fold.runs.get((await client.xrange(place.stream, '-', '+', 'COUNT', 1))[0]![0])).toBe(1);
    expect(fold.rewinds).toEqual([]);
    report('reply lost or connection cut', { faults: 3, ...(await expectExact(client, place)) });
  },
);

test.each(CLIENTS)(
  "through %s, 'stop' ends the consumer, and a restart goes on behind the applied commit",
  async (library) => {
    const { server, client, replica } = await startReplicated();
    const place = placeOf('stopped');
    const durability = { replicas: 1, timeoutMs: 50, onShortfall: 'stop' } as const;
    await untilReplicated(client);
    const first = await startDurable(library, server.url, place, durability);
    await replica.kill('SIGSTOP');
    await writeMessages(client, place, 1);
    await expect(first.consumer.closed).rejects.toMatchObject({ code: 'ARS_DURABILITY' });
    await untilApplied(client, place, 1);
    expect(first.after).toEqual([]);
    expect(await client.hget(recordKey(place), 'owner')).toBe('');
    await writeMessages(client, place, 20, 2);
    await replica.kill('SIGCONT');
    await untilReplicated(client);
    const second = await startDurable(library, server.url, place, durability);
    await waitFor(() => second.after.length === 20, 'every callback');
    expect(second.after[0]).toBe('m2');
    await untilDone(client, place);
    report('server not ready', { faults: 1, ...(await expectExact(client, place)) });
  },
);

test.each(CLIENTS)('through %s, an owner that waits for its replica is fenced like any other', async (library) => {
  const { server, client, replica } = await startReplicated();
  const place = placeOf('fenced');
  // The heartbeat would notice it too, but not within a lease this long.
  const consumer = { leaseMs: 600_000 };
  const first = await startDurable(library, server.url, place, { replicas: 1, timeoutMs: 50 }, { consumer });
  await replica.kill('SIGSTOP');
  await writeMessages(client, place, 1);
  await waitFor(() => shortfalls(first) > 0, 'the shortfall to be told');
  const second = await foldsThrough(library)(server.url, place);
  await expect(first.consumer.closed).rejects.toMatchObject({ code: 'ARS_FENCED' });
  expect(first.after).toEqual([]);
  await writeMessages(client, place, 10, 2);
  await untilDone(client, place);
  expect(second.rewinds).toEqual([]);
  report('two owners', { faults: 1, ...(await expectExact(client, place)) });
});

test.each(CLIENTS)('through %s, an owner that waits after a lost connection is fenced, too', async (library) => {
  const { server, client, replica } = await startReplicated();
  const place = placeOf('fenced-later');
  const proxy = await startOwnProxy(server);
  const first = await startDurable(library, proxy.url, place, { replicas: 1, timeoutMs: 50 });
  await replica.kill('SIGSTOP');
  await writeMessages(client, place, 1);
  await waitFor(() => shortfalls(first) === 1, 'the shortfall to be told');
  proxy.cutAll();
  await waitFor(() => shortfalls(first) === 2, 'the shortfall to be told again, by the recovery');
  const second = await foldsThrough(library)(server.url, place);
  await expect(first.consumer.closed).rejects.toMatchObject({ code: 'ARS_FENCED' });
  expect(first.after).toEqual([]);
  await untilDone(client, place);
  expect(second.rewinds).toEqual([]);
  report('two owners', { faults: 2, ...(await expectExact(client, place)) });
});

test.each(CLIENTS)(
  'through %s, fsync waits for the disk where the server can, and else refuses the start',
  async (library) => {
    const { server, client } = await startOwnServer({ appendonly: true });
    const place = placeOf('disk');
    await writeMessages(client, place, 20);
    const fold = startDurable(library, server.url, place, { fsync: true });
    if ((await versionOf(client)) >= 7.2) {
      const { after } = await fold;
      await waitFor(() => after.length === 20, 'every callback');
      await expectExact(client, place);
      return;
    }
    await expect(fold).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
    expect(await client.hget(recordKey(place), 'owner')).toBe('');
    expect(await positionOf(client, place)).toBe('0-0');
    await foldsThrough(library)(server.url, place);
    await untilDone(client, place);
    await expectExact(client, place);
  },
);

test('fsync on a server that has it: refused without an append-only file, kept over a crash with one', async ({
  skip,
}) => {
  const without = await startOwnServer();
  if ((await versionOf(without.client)) < 7.2) skip('needs Redis or Valkey 7.2; name one by ARS_REDIS_SERVER');
  const place = placeOf('kept');
  const refused = startDurable('ioredis', without.server.url, place, { fsync: true });
  await expect(refused).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
  expect(await without.client.hget(recordKey(place), 'owner')).toBe('');
  const { server, client } = await startOwnServer({ appendonly: true });
  await writeMessages(client, place, 100);
  const fold = await startDurable('ioredis', server.url, place, { fsync: true });
  await waitFor(() => fold.after.length === 100, 'every callback');
  await server.kill('SIGKILL');
  await server.restart();
  await writeMessages(client, place, 50, 101);
  await waitFor(() => fold.after.length === 150, 'every callback after the crash');
  expect(fold.rewinds).toEqual([]);
  report('server restarted, scripts or connections lost', { faults: 1, ...(await expectExact(client, place)) });
});

async function versionOf(client: Redis): Promise<number> {
  const info = await client.info('server');
  return Number((/valkey_version:(\d+\.\d+)/.exec(info) ?? /redis_version:(\d+\.\d+)/.exec(info))![1]);
}
