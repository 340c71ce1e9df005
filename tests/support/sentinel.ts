import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runBinary } from './binary.js';
import { request, type RespReply } from './resp.js';
import { findFreePort } from './server.js';
import { waitFor } from './wait.js';

/** A sentinel that watches one master, `mymaster`, and decides alone. */
export interface Sentinel extends AsyncDisposable {
  readonly port: number;
  /** The port of the server that it names as the master now. */
  masterPort(): Promise<number>;
}

/**
 * Starts a real sentinel from a server binary, and waits until it knows the master's replicas, which must follow it
 * already. A master that is silent for 500 ms is failed over.
 */
export async function startSentinel(binary: string, masterPort: number, replicas = 1): Promise<Sentinel> {
  const dir = await mkdtemp(join(tmpdir(), 'ars-sentinel-'));
  const port = await findFreePort();
  const config = join(dir, 'sentinel.conf');
  await writeFile(config, configuration(port, masterPort));
  const process = await runBinary(binary, [], dir, [config, '--sentinel']);
  const sentinel: Sentinel = {
    port,
    masterPort: async () => Number(((await ask(port, 'get-master-addr-by-name')) as RespReply[])[1]),
    async [Symbol.asyncDispose]() {
      await process.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
  await waitFor(() => knowsReplicas(port, replicas), 'the sentinel to know the replicas', 20_000);
  return sentinel;
}

function configuration(port: number, masterPort: number): string {
  return [
    `port ${port}`,
    `sentinel monitor mymaster 127.0.0.1 ${masterPort} 1`,
    'sentinel down-after-milliseconds mymaster 500',
    'sentinel failover-timeout mymaster 3000',
    '',
  ].join('\n');
}

async function knowsReplicas(port: number, count: number): Promise<boolean> {
  try {
    return ((await ask(port, 'replicas')) as RespReply[]).length === count;
  } catch {
    return false; // not up yet
  }
}

function ask(port: number, what: string): Promise<RespReply> {
  return request(port, 'SENTINEL', what, 'mymaster');
}
