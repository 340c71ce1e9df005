import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg, release, totalmem, type } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RawClient } from './raw-client.mjs';

const require = createRequire(import.meta.url);

/** What a figure must be read with: machine, versions, date, placement. */
export async function describeMachine(url, { pin }) {
  const client = await RawClient.connect(url);
  const info = await client.call('INFO', 'server');
  client.close();
  const field = (name) => new RegExp(`^${name}:(.+?)\\r?$`, 'm').exec(info)?.[1];
  const valkey = field('valkey_version');
  return {
    date: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
    machine: `${cpus()[0].model.trim()}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${type()} ${release()}`,
    load: `load average at the start ${loadavg()
      .map((value) => value.toFixed(1))
      .join(' ')}`,
    node: process.version,
    server: valkey === undefined ? `Redis ${field('redis_version')}` : `Valkey ${valkey}`,
    clients: ['ioredis', 'redis', 'bullmq'].map((name) => `${name} ${versionOf(name)}`).join(', '),
    placement: pin ? 'client and server on one core (taskset)' : 'client and server on any core, loopback',
  };
}

function versionOf(name) {
  for (let folder = dirname(require.resolve(name)); folder !== dirname(folder); folder = dirname(folder)) {
    const content = readIfThere(join(folder, 'package.json'));
    if (content !== undefined && JSON.parse(content).name === name) return JSON.parse(content).version;
  }
  return 'of unknown version';
}

function readIfThere(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** The folder of results, git-ignored. */
export const RESULTS = fileURLToPath(new URL('../results/', import.meta.url));
