import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { Redis } from 'ioredis';

/** The Redis of a run. */
export interface RunningRedis {
  readonly url: string;
  /** Kills the server with SIGKILL and starts it again on its data; undefined where it is not ours to kill. */
  readonly crash: (() => Promise<void>) | undefined;
  stop(): Promise<void>;
}

/** The one of `REDIS_URL`, or a server of our own from PATH; undefined when there is neither. */
export async function findRedis(): Promise<RunningRedis | undefined> {
  const { REDIS_URL } = process.env;
  if (REDIS_URL) return { url: REDIS_URL, crash: undefined, stop: async () => {} };
  const binary = findBinary();
  return binary === undefined ? undefined : startOwn(binary);
}

function findBinary(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = ['redis-server', 'valkey-server'].flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Every write is on disk before it is answered, so that a server that is killed forgets nothing it has confirmed. */
async function startOwn(binary: string): Promise<RunningRedis> {
  const dir = await mkdtemp(join(tmpdir(), 'exactly-once-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const args = [
    '--bind',
    '127.0.0.1',
    '--port',
    String(port),
    '--dir',
    dir,
    '--save',
    '',
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ];
  let server: ChildProcess;
  const start = async (): Promise<void> => {
    server = spawn(binary, args, { stdio: 'ignore' });
    await untilItAnswers(url, server);
  };
  const kill = async (): Promise<void> => {
    const ended = new Promise((resolve) => server.once('close', resolve));
    if (server.exitCode === null && server.signalCode === null) server.kill('SIGKILL');
    else return;
    await ended;
  };
  process.once('exit', () => server.kill('SIGKILL'));
  await start();
  return {
    url,
    crash: async () => {
      await kill();
      await start();
    },
    stop: async () => {
      await kill();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function untilItAnswers(url: string, server: ChildProcess): Promise<void> {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => {});
  const ended = new Promise<never>((_, reject) =>
    server.once('close', () => reject(new Error('the Redis server has ended'))),
  );
  ended.catch(() => {}); // it does, later
  try {
    await Promise.race([client.ping(), ended]);
  } finally {
    client.disconnect();
  }
}

async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
