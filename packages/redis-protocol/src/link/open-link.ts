import { StoreUnavailableError } from '@ars/core';
import type { ConnectionPurpose, RedisConnection, RedisDriver } from '../driver.js';
import { connectFailure } from '../failure.js';
import { Link } from './link.js';
import { greet } from './server.js';

/** How long to wait for a connection, and for an answer on it. */
export interface LinkTimeouts {
  readonly connectTimeoutMs: number;
  readonly commandTimeoutMs: number;
}

/** A link to a server that was found fit to serve, and the name of that server's history (P12). */
export interface OpenLink {
  readonly link: Link;
  readonly history: string | undefined;
  /** On a cluster: the name of the node. */
  readonly node: string | undefined;
}

/**
 * Connects, and checks the server, within `connectTimeoutMs` in all, whatever hangs. Rejects with
 * `StoreUnavailableError` or `ConfigurationError`, naming the server without credentials. `greeting` checks the server
 * and answers its history. Default `greet`.
 */
export async function openLink(
  driver: RedisDriver,
  timeouts: LinkTimeouts,
  purpose: ConnectionPurpose,
  key: string,
  greeting: (link: Link, driver: RedisDriver) => Promise<string | undefined> = greet,
): Promise<OpenLink> {
  let link: Link | undefined;
  let isLate = false;
  const work = async () => {
    const connection = await driver.connect(purpose, key, timeouts.connectTimeoutMs);
    if (isLate) return abandon(connection);
    link = new Link(connection, timeouts.commandTimeoutMs);
    return { link, history: await greeting(link, driver), node: connection.node };
  };
  try {
    return await within(work, timeouts.connectTimeoutMs, driver.name);
  } catch (error) {
    isLate = true;
    link?.close();
    throw connectFailure(error, driver.name);
  }
}

function abandon(connection: RedisConnection): never {
  connection.close();
  throw new Error('connected too late');
}

/** The clock starts first, so that this is said before a driver gives up of itself. */
function within<T>(work: () => Promise<T>, limitMs: number, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(
        new StoreUnavailableError(`${name} gave no connection within ${limitMs} ms`, { reason: 'TIMEOUT', ran: false }),
      );
    const timer = setTimeout(late, limitMs);
    work()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
