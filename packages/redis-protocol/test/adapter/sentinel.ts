import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findFreePort } from '../../../../tests/support/server.js';
import { request } from '../../../../tests/support/resp.js';
import { waitFor } from '../../../../tests/support/wait.js';

/** A sentinel that knows one master, `mymaster`. */
export interface Sentinel extends AsyncDisposable {
  readonly port: number;
  /** Makes it name another master from now on, as after a failover. */
  moveTo(masterPort: number): Promise<void>;
}

/** Starts a real sentinel from a server binary; it ends with the test. */
export async function startSentinel(binary: string, masterPort: number): Promise<Sentinel> {
  const dir = await mkdtemp(join(tmpdir(), 'ars-sentinel-'));
  const port = await findFreePort();
  const config = join(dir, 'sentinel.conf');
  await writeFile(
    config,
    `port ${port}\nbind 127.0.0.1\ndir ${dir}\nsentinel monitor mymaster 127.0.0.1 ${masterPort} 1\n`,
  );
  const child = spawn(binary, [config, '--sentinel'], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('close', resolve));
  const isUp = () =>
    request(port, 'PING').then(
      () => true,
      () => false,
    );
  await waitFor(isUp, 'the sentinel to answer');
  return {
    port,
    async moveTo(newPort) {
      await request(port, 'SENTINEL', 'REMOVE', 'mymaster');
      await request(port, 'SENTINEL', 'MONITOR', 'mymaster', '127.0.0.1', newPort, 1);
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
      await rm(dir, { recursive: true, force: true });
    },
  };
}
