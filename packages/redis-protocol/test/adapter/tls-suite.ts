import type { Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { waitFor } from '../../../../tests/support/wait.js';
import { makeCertificate, startTlsFront } from './certificate.js';
import { freshTag, roundTrip } from './round-trip.js';
import type { AdapterUnderTest } from './under-test.js';

/** TLS is the client library's, and its settings reach it. Skipped where openssl cannot make a certificate. */
export function describeTls(adapter: AdapterUnderTest): void {
  const certificate = makeCertificate();
  describe.skipIf(certificate === undefined)('over TLS', () => {
    let server: Server;
    let port: number;
    beforeAll(async () => {
      ({ server, port } = await startTlsFront(certificate!, inject('redisUrl')));
    });
    afterAll(() => server.close());

    test('a store works where the certificate is trusted', async () => {
      const store = adapter.store(adapter.server({ host: 'localhost', port, ca: certificate!.cert }));
      expect(await roundTrip(store, freshTag())).toMatchObject({ outcome: 'committed' });
      await store.close();
    });

    test('a store does not connect where it is not', async () => {
      const store = adapter.store(`rediss://localhost:${port}`);
      await expect(store.openReader()).rejects.toMatchObject({
        code: 'ARS_STORE_UNAVAILABLE',
        message: expect.stringContaining('certificate') as string,
      });
      await store.close();
    });

    test('a connection that comes about when it is too late is ended', async () => {
      const late = await startTlsFront(certificate!, inject('redisUrl'), 250);
      const connection = adapter.server({ host: 'localhost', port: late.port, ca: certificate!.cert });
      const store = adapter.store(connection, { connectTimeoutMs: 200 });
      await expect(store.openReader()).rejects.toMatchObject({ details: { reason: 'TIMEOUT' } });
      await store.close();
      const count = () => new Promise<number>((resolve) => late.server.getConnections((_, open) => resolve(open)));
      await waitFor(async () => (await count()) === 0, 'the connection to end');
      late.server.close();
    });
  });
}
