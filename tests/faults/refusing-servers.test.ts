import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { expectExact } from './checker.js';
import { CLIENTS } from './clients.js';
import {
  dumpAll,
  foldsThrough,
  placeOf,
  repeatedRuns,
  startOwnServer,
  untilDone,
  writeMessages,
  type RunningFold,
  type StartFold,
} from './harness.js';
import { untilLogged } from './load.js';
import { report } from './report.js';

const ROUNDS = 3;

/** A state of a server in which it refuses every write. */
interface Refusal {
  readonly reason: string;
  readonly name: string;
  readonly begin: (client: Redis, server: TestServer) => Promise<unknown>;
  readonly end: (client: Redis, server: TestServer) => Promise<unknown>;
}

const REFUSALS: readonly Refusal[] = [
  { name: 'cannot save its data', reason: 'MISCONF', begin: failToSave, end: saveAgain },
  {
    name: 'has fewer replicas than it must',
    reason: 'NOREPLICAS',
    begin: (client) => client.config('SET', 'min-replicas-to-write', '1'),
    end: (client) => client.config('SET', 'min-replicas-to-write', '0'),
  },
  {
    name: 'has no memory left',
    reason: 'OOM',
    begin: (client) => client.config('SET', 'maxmemory', '1'),
    end: (client) => client.config('SET', 'maxmemory', '0'),
  },
];

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test.each(REFUSALS)(
    'a server that $name ($reason) is waited for: no message is blamed or handled twice',
    async (refusal) => {
      const { server, client } = await startOwnServer({ args: ['--maxmemory-policy', 'noeviction'] });
      const place = placeOf('refusing');
      const { fold, gate } = await startGated(startFold, server.url, place);
      for (let round = 0; round < ROUNDS; round += 1) {
        await untilHeld(client, { place, gate, from: round * 300 + 1 });
        await refusal.begin(client, server);
        fold.log.length = 0;
        gate.open();
        await untilLogged(fold, new RegExp(refusal.reason));
        await expectExact(client, place, { isPartial: true });
        await expectNothingWritten(client, fold);
        await refusal.end(client, server);
        await untilDone(client, place);
      }
      expectUnharmed(fold);
      report('server not ready', { faults: ROUNDS, ...(await expectExact(client, place)) });
    },
  );

  test.skipIf(!canMount())(
    'a server whose disk is full (MISCONF) is waited for, and loses nothing once there is room',
    async () => {
      const dir = await mountTiny();
      const { server, client } = await startOwnServer({
        dir,
        args: ['--appendonly', 'yes', '--appendfsync', 'everysec'],
      });
      const place = placeOf('full');
      const { fold, gate } = await startGated(startFold, server.url, place);
      await untilHeld(client, { place, gate, from: 1 });
      const filler = join(dir, 'filler');
      await fillDisk(filler);
      await untilMisconfigured(client);
      gate.open();
      await untilLogged(fold, /MISCONF/);
      await rm(filler);
      await untilDone(client, place);
      expectUnharmed(fold);
      report('server not ready', { faults: 1, ...(await expectExact(client, place)) });
      await server.kill('SIGKILL');
    },
  );
});

/** Holds back the handler of one message, so that the commit is sent when the test says so. */
interface Gate {
  /** The `n` of the message that is held, set before it is written. */
  holdAt: string;
  isHolding: boolean;
  open: () => void;
}

async function startGated(
  startFold: StartFold,
  url: string,
  place: Parameters<StartFold>[1],
): Promise<{ fold: RunningFold; gate: Gate }> {
  const gate: Gate = { holdAt: '', isHolding: false, open: () => {} };
  const before = ({ n }: { n?: string }): Promise<void> | undefined => {
    if (n !== gate.holdAt) return undefined;
    gate.isHolding = true;
    return new Promise((resolve) => (gate.open = resolve));
  };
  return { fold: await startFold(url, place, { before, consumer: { batch: { maxMessages: 50 } } }), gate };
}

async function untilHeld(
  client: Redis,
  { place, gate, from }: { place: Parameters<StartFold>[1]; gate: Gate; from: number },
): Promise<void> {
  gate.isHolding = false;
  gate.holdAt = `m${from + 150}`;
  await writeMessages(client, place, 300, from);
  await waitFor(() => gate.isHolding, 'the handler to be held');
}

/** Two more looks at the server leave everything as it is. */
async function expectNothingWritten(client: Redis, fold: RunningFold): Promise<void> {
  const before = await dumpAll(client);
  const { recoveries } = fold.consumer.stats();
  await waitFor(() => fold.consumer.stats().recoveries > recoveries + 1, 'two more looks at the server');
  expect(await dumpAll(client)).toEqual(before);
}

function expectUnharmed(fold: RunningFold): void {
  expect(fold.retries).toEqual([]);
  expect(fold.rewinds).toEqual([]);
  expect(repeatedRuns(fold)).toEqual({});
  expect(fold.consumer.stats()).toMatchObject({ failures: 0 });
}

/** A folder in the place of the file: no dump can be put there. */
async function failToSave(client: Redis, server: TestServer): Promise<void> {
  await client.config('SET', 'save', '3600 1000000');
  await rm(join(server.dir, 'dump.rdb'), { force: true });
  await mkdir(join(server.dir, 'dump.rdb'));
  await saveInBackground(client, 'err');
}

async function saveAgain(client: Redis, server: TestServer): Promise<void> {
  await rmdir(join(server.dir, 'dump.rdb'));
  await saveInBackground(client, 'ok');
}

async function saveInBackground(client: Redis, status: 'ok' | 'err'): Promise<void> {
  await client.bgsave();
  const hasEnded = async (): Promise<boolean> => {
    const info = await client.info('persistence');
    return info.includes('rdb_bgsave_in_progress:0') && info.includes(`rdb_last_bgsave_status:${status}`);
  };
  await waitFor(hasEnded, `saving to end with "${status}"`);
}

function canMount(): boolean {
  return process.platform === 'linux' && process.getuid?.() === 0 && mounts();
}

/** Containers often have root without the right to mount. */
function mounts(): boolean {
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', tmpdir()], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

async function mountTiny(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ars-tiny-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'none', dir]);
  onTestFinished(async () => {
    execFileSync('umount', ['--lazy', dir]);
    await rm(dir, { recursive: true, force: true });
  });
  return dir;
}

async function fillDisk(file: string): Promise<void> {
  await expect(writeFile(file, Buffer.alloc(2_000_000))).rejects.toMatchObject({ code: 'ENOSPC' });
}

/** Writes until the server has noticed that it cannot. */
async function untilMisconfigured(client: Redis): Promise<void> {
  const isRefused = async (): Promise<boolean> =>
    client.set('witness', 'x'.repeat(10_000)).then(
      () => false,
      (error: unknown) => String(error).includes('MISCONF'),
    );
  await waitFor(isRefused, 'the server to refuse writes');
}
