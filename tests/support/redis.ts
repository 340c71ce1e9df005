import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { connect } from 'node:net';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const execute = promisify(execFile);

/** Where a Redis server for tests comes from. */
export type RedisSource =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'engine'; readonly image: string }
  | { readonly kind: 'binary'; readonly path: string };

const NOT_FOUND = `No Redis server for the tests. Do one of these:
  - set ARS_REDIS_URL to a server that the tests may write to
  - set ARS_REDIS_SERVER to the path of a server binary, or of a script that runs one
  - start a container engine (Docker, Podman with its Docker socket)
  - put redis-server (7.0 or newer) or valkey-server (7.2 or newer) on PATH`;

/**
 * Finds the server shared by a test run: `ARS_REDIS_URL`, `ARS_REDIS_SERVER`, a container engine, a binary on PATH, or
 * one installed now.
 */
export async function findRedis(): Promise<RedisSource> {
  const url = process.env['ARS_REDIS_URL'];
  if (url) return { kind: 'url', url };
  return chosenBinary() ?? (await findEngine()) ?? findBinary() ?? (await installBinary());
}

/**
 * Finds what starts a server of a test's own: `ARS_REDIS_SERVER`, the image `ARS_REDIS_IMAGE` where there is an engine,
 * a binary on PATH (fastest), a container engine, or a binary installed now.
 */
export async function findStartableRedis(): Promise<Exclude<RedisSource, { kind: 'url' }>> {
  const isImageChosen = Boolean(process.env['ARS_REDIS_IMAGE']);
  const chosen = chosenBinary() ?? (isImageChosen ? await findEngine() : undefined);
  return chosen ?? findBinary() ?? (await findEngine()) ?? (await installBinary());
}

function chosenBinary(): { kind: 'binary'; path: string } | undefined {
  const path = process.env['ARS_REDIS_SERVER'];
  if (!path) return undefined;
  if (!isExecutable(path)) throw new Error(`ARS_REDIS_SERVER names no program that can be run: ${path}`);
  return { kind: 'binary', path };
}

function findBinary(): { kind: 'binary'; path: string } | undefined {
  for (const name of ['redis-server', 'valkey-server']) {
    for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
      const path = join(folder, name);
      if (isExecutable(path)) return { kind: 'binary', path };
    }
  }
  return undefined;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Answers the engine only if it answers: a socket that accepts and stays silent would hang testcontainers. */
async function findEngine(): Promise<{ kind: 'engine'; image: string } | undefined> {
  for (const address of engineAddresses()) {
    if (await answersPing(address)) return { kind: 'engine', image: process.env['ARS_REDIS_IMAGE'] ?? 'redis:8' };
  }
  return undefined;
}

type EngineAddress = { path: string } | { host: string; port: number };

function engineAddresses(): EngineAddress[] {
  const host = process.env['DOCKER_HOST'];
  if (host?.startsWith('unix://')) return [{ path: host.slice('unix://'.length) }];
  if (host) {
    const { hostname, port } = new URL(host);
    return [{ host: hostname, port: Number(port || 2375) }];
  }
  return [{ path: '/var/run/docker.sock' }, { path: join(homedir(), '.docker/run/docker.sock') }];
}

function answersPing(address: EngineAddress): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(address);
    const finish = (isAlive: boolean) => {
      socket.destroy();
      resolve(isAlive);
    };
    socket.setTimeout(1000, () => finish(false));
    socket.once('error', () => finish(false));
    socket.once('close', () => finish(false));
    socket.once('data', (chunk: Buffer) => finish(chunk.toString('latin1').startsWith('HTTP/1.1 200')));
    socket.write('GET /_ping HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
  });
}

async function installBinary(): Promise<{ kind: 'binary'; path: string }> {
  const isRoot = process.getuid?.() === 0;
  const [command, prefix] = isRoot ? ['apt-get', []] : ['sudo', ['-n', 'apt-get']];
  const apt = (...args: string[]) => execute(command, [...prefix, ...args], { timeout: 120_000 });
  try {
    await apt('install', '-y', '--no-install-recommends', 'redis-server').catch(async () => {
      await apt('update');
      await apt('install', '-y', '--no-install-recommends', 'redis-server');
    });
  } catch (cause) {
    throw new Error(NOT_FOUND, { cause });
  }
  const binary = findBinary();
  if (!binary) throw new Error(NOT_FOUND);
  return binary;
}
