import type { AuditFinding } from '@ars/core';
import type { RedisDriver } from '../driver.js';
import { connectFailure } from '../failure.js';
import { openLink, type LinkTimeouts } from '../link/open-link.js';
import { findingsOf } from './findings.js';
import { askFacts } from './server-facts.js';

/**
 * Looks at how a server is set up, on a connection of its own: one that is unfit to serve is refused to all others.
 * On Redis Cluster it is the node of one slot. Rejects with `StoreUnavailableError` when none can be reached, and with
 * `ConfigurationError` when the server does not accept who connects.
 */
export async function auditServer(driver: RedisDriver, timeouts: LinkTimeouts): Promise<readonly AuditFinding[]> {
  const { link } = await openLink(driver, timeouts, 'control', '', async () => undefined);
  try {
    return findingsOf(await askFacts(link));
  } catch (error) {
    throw connectFailure(error, driver.name);
  } finally {
    link.close();
  }
}
