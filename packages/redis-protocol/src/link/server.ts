import { ConfigurationError, StoreUnavailableError } from '@ars/core';
import { RedisReplyError, type RedisDriver, type RedisReply } from '../driver.js';
import type { Link } from './link.js';

const MAJOR_MIN = 7;

/**
 * Checks the server behind a new connection and answers the name of its history (P12): its run ID and its
 * replication ID. `undefined` where INFO is denied; then nothing can be checked either.
 */
export async function greet(link: Link, driver: RedisDriver): Promise<string | undefined> {
  const sections = ['server', 'replication', 'persistence'].map((section) => information(link, section));
  const [server, replication, persistence] = await Promise.all(sections);
  if (server === undefined || replication === undefined) return undefined;
  refuseServer(server, driver);
  if (persistence?.get('loading') === '1') throw unavailable(driver, 'is loading its data', 'LOADING');
  if (replication.get('role') !== 'master') throw unavailable(driver, 'is a read-only replica', 'READONLY');
  return `${server.get('run_id')}:${replication.get('master_replid')}`;
}

async function information(link: Link, section: string): Promise<ReadonlyMap<string, string> | undefined> {
  try {
    return parseInformation(await link.send(['INFO', section]));
  } catch (error) {
    if (error instanceof RedisReplyError && error.message.startsWith('NOPERM')) return undefined;
    throw error;
  }
}

/** The lines of an INFO reply, by name. */
export function parseInformation(reply: RedisReply): ReadonlyMap<string, string> {
  const lines = String(reply).split('\r\n');
  return new Map(lines.filter((line) => line.includes(':')).map((line) => splitOnce(line, ':')));
}

function splitOnce(line: string, separator: string): [string, string] {
  const at = line.indexOf(separator);
  return [line.slice(0, at), line.slice(at + 1)];
}

function refuseServer(server: ReadonlyMap<string, string>, driver: RedisDriver): void {
  const version = server.get('redis_version') ?? '';
  if (Number.parseInt(version, 10) < MAJOR_MIN) {
    throw new ConfigurationError(
      `${driver.name} runs version ${version}; Redis 7.0 or Valkey 7.2 is the oldest that works`,
      {
        version,
      },
    );
  }
  const mode = server.get('redis_mode') ?? server.get('server_mode'); // the latter is Valkey's name
  if (mode === 'cluster' && !driver.isCluster) {
    throw new ConfigurationError(`${driver.name} is a node of a Redis Cluster; pass a Cluster client instead`);
  }
}

function unavailable(driver: RedisDriver, what: string, reason: string): StoreUnavailableError {
  return new StoreUnavailableError(`${driver.name} ${what}`, { reason, ran: false });
}
