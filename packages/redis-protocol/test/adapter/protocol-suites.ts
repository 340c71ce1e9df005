import { readdirSync } from 'node:fs';
import { describe } from 'vitest';
import { useDrivers } from '../support/fixture.js';
import type { AdapterUnderTest } from './under-test.js';

const FOLDER = new URL('..', import.meta.url);

/** What tests the package itself rather than a store, or answers connections with less than a client library asks. */
const NOT_FOR_ADAPTERS = /^(account|packing|server-checks)\./;

/** Runs the tests of redis-protocol on the adapter's driver, where the package itself runs them on plain sockets. */
export function describeProtocol(adapter: AdapterUnderTest): void {
  useDrivers((url, { user, keyPrefix }) => {
    const { hostname, port } = new URL(url);
    const credentials = user === undefined ? {} : { user: user[0], password: user[1] };
    const prefix = keyPrefix === undefined ? {} : { keyPrefix };
    return adapter.driver(adapter.server({ host: hostname, port: Number(port), ...credentials, ...prefix }));
  });
  for (const name of readdirSync(FOLDER)) {
    if (!name.endsWith('.redis.test.ts') || NOT_FOR_ADAPTERS.test(name)) continue;
    describe(name.replace('.redis.test.ts', ''), async () => {
      await import(new URL(name, FOLDER).pathname);
    });
  }
}
