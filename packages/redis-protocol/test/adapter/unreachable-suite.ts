import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { startServer } from '../../../../tests/support/server.js';
import { waitFor } from '../../../../tests/support/wait.js';
import { addressOf } from './round-trip.js';
import type { AdapterUnderTest } from './under-test.js';

/** How an open that had to fail did. */
interface Failure {
  readonly error: Error & { code?: string; details?: object };
  readonly afterMs: number;
}

/** Opens what must fail. */
async function failure(adapter: AdapterUnderTest, connection: unknown, connectTimeoutMs: number): Promise<Failure> {
  const store = adapter.store(connection, { connectTimeoutMs });
  const startedAt = performance.now();
  const error = await store.openHome(addressOf('s', ['s'])).then(
    () => expect.fail('was opened'),
    (reason: unknown) => reason as Error,
  );
  await store.close();
  return { error, afterMs: performance.now() - startedAt };
}

/** Stores that cannot connect, or are not let in, say so in time and keep credentials to themselves. */
export function describeUnreachable(adapter: AdapterUnderTest): void {
  describeSilence(adapter);
  describeRefusals(adapter);
}

function describeSilence(adapter: AdapterUnderTest): void {
  describe('a store that cannot connect says so within its time, naming the address and no credentials', () => {
    let silent: Server;
    let port: number;
    let sockets: number;
    beforeEach(async () => {
      sockets = 0;
      silent = createServer((socket) => {
        sockets += 1;
        socket
          .on('error', () => {})
          .once('close', () => (sockets -= 1))
          .resume();
      });
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      ({ port } = silent.address() as AddressInfo);
    });
    afterEach(() => silent.close());

    const password = 's3cret';
    const host = '127.0.0.1';
    test.each<[string, () => unknown]>([
      ['nobody listens', () => 'redis://user:s3cret@127.0.0.1:1'],
      ['the server accepts and stays silent', () => `redis://:s3cret@127.0.0.1:${port}`],
      ['the TLS handshake is never answered', () => `rediss://:s3cret@127.0.0.1:${port}`],
      ['the sentinel stays silent', () => adapter.sentinels([{ host, port }], password)],
      ['no sentinel listens', () => adapter.sentinels([{ host, port: 1 }], password)],
      ['the nodes of a cluster stay silent', () => adapter.cluster({ seeds: [{ host, port }], password })],
      ['no node of a cluster listens', () => adapter.cluster({ seeds: [{ host, port: 1 }], password })],
    ])('%s', async (_, connection) => {
      const { error, afterMs } = await failure(adapter, connection(), 300);
      expect(error).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE', details: { ran: false } });
      expect(error.message).toContain('127.0.0.1');
      expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('s3cret');
      expect(afterMs).toBeLessThan(1500);
      await waitFor(() => sockets === 0, 'every socket to be gone');
    });
  });
}

function describeRefusals(adapter: AdapterUnderTest): void {
  describe('a store that is not let in says so as a configuration error', () => {
    test.each([
      ['a wrong password', 'WRONGPASS', (port: number) => `redis://:s3cret@127.0.0.1:${port}`],
      ['a missing password', 'NOAUTH', (port: number) => `redis://127.0.0.1:${port}`],
    ])('for %s', async (_, reason, url) => {
      await using server = await startServer({ args: ['--requirepass', 'right'] });
      const { error } = await failure(adapter, url(server.port), 5000);
      expect(error).toMatchObject({ code: 'ARS_CONFIGURATION', details: { reason } });
      expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('s3cret');
    });

    test('for a database that does not exist, rather than using another one', async () => {
      const { error } = await failure(adapter, new URL('/9999', inject('redisUrl')).href, 5000);
      expect(error).toMatchObject({ code: 'ARS_CONFIGURATION' });
    });
  });
}
