import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { createIoredisStore } from '@ars/ioredis';
import { freshTag, roundTrip } from './support/round-trip.js';

/** A key and a certificate for `localhost`, made for this run. */
function makeCertificate(): { key: string; cert: string } | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'ars-tls-'));
  const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const args = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', keyFile, '-out', certFile, ...subject];
  try {
    execFileSync('openssl', args, { stdio: 'ignore' });
    return { key: readFileSync(keyFile, 'utf8'), cert: readFileSync(certFile, 'utf8') };
  } catch {
    return undefined;
  } finally {
    rmSync(dir, { recursive: true });
  }
}

const certificate = makeCertificate();

// The certificate is made with openssl.
describe.skipIf(certificate === undefined)('over TLS', () => {
  let server: Server;
  let port: number;
  beforeAll(async () => {
    const { hostname, port: target } = new URL(inject('redisUrl'));
    server = createServer({ ...certificate }, (socket) => {
      const upstream = connect(Number(target), hostname);
      for (const [one, other] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        one.on('error', () => other.destroy()).pipe(other);
      }
    });
    server.on('tlsClientError', () => {});
    await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
    ({ port } = server.address() as AddressInfo);
  });
  afterAll(() => server.close());

  test('a store works where the certificate is trusted', async () => {
    const store = createIoredisStore({ host: 'localhost', port, tls: { ca: certificate!.cert } });
    expect(await roundTrip(store, freshTag())).toMatchObject({ outcome: 'committed' });
    await store.close();
  });

  test('a store does not connect where it is not', async () => {
    const store = createIoredisStore(`rediss://localhost:${port}`);
    await expect(store.openReader()).rejects.toMatchObject({
      code: 'ARS_STORE_UNAVAILABLE',
      message: expect.stringContaining('certificate') as string,
    });
    await store.close();
  });
});
