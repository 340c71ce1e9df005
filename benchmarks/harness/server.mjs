import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RawClient } from './raw-client.mjs';

/**
 * Starts a server of its own for the benchmarks: `redis-server`, or what ARS_BENCH_SERVER names. Persistence is off
 * unless `aof` says how the append-only file is synced. `core` pins it to one core.
 */
export async function startServer({ aof = 'off', core } = {}) {
  const dir = await mkdtemp(join(tmpdir(), 'ars-bench-'));
  const port = await freePort();
  const binary = process.env.ARS_BENCH_SERVER ?? 'redis-server';
  const durability = aof === 'off' ? ['--appendonly', 'no'] : ['--appendonly', 'yes', '--appendfsync', aof];
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', dir, '--save', '', ...durability];
  const [command, all] = core === undefined ? [binary, args] : ['taskset', ['-c', String(core), binary, ...args]];
  const child = spawn(command, all, { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const failed = new Promise((_, reject) => child.once('error', reject));
  const url = `redis://127.0.0.1:${port}`;
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const stop = async () => {
    process.off('exit', kill);
    kill();
    await ended;
    await rm(dir, { recursive: true, force: true });
  };
  try {
    await Promise.race([answering(port, child), failed]);
  } catch (error) {
    process.off('exit', kill);
    kill();
    await rm(dir, { recursive: true, force: true });
    throw new Error(`${binary} did not start; install Redis or set ARS_BENCH_SERVER.`, { cause: error });
  }
  return { url, port, pid: child.pid, stop };
}

async function answering(port, child) {
  for (let attempt = 0; attempt < 500; attempt += 1) {
    if (child.exitCode !== null) throw new Error(`it ended with exit code ${child.exitCode}`);
    try {
      const client = await RawClient.connect(`redis://127.0.0.1:${port}`);
      const answer = await client.call('PING');
      client.close();
      if (answer === 'PONG') return;
    } catch {
      // Not up yet: asked again below.
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('it did not answer within 10 s');
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
