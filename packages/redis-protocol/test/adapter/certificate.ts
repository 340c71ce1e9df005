import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';

/** A private key and its certificate, as PEM. */
export interface Certificate {
  readonly key: string;
  readonly cert: string;
}

/** A key and a certificate for `localhost`, made with openssl; `undefined` where there is none. */
export function makeCertificate(): Certificate | undefined {
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

/** Listens on `localhost` with TLS, answering handshakes after `delayMs`, and passes everything on to a plain server. */
export async function startTlsFront(
  certificate: Certificate,
  url: string,
  delayMs = 0,
): Promise<{ server: Server; port: number }> {
  const { hostname, port: target } = new URL(url);
  const secure = createTlsServer({ ...certificate }, (socket) => {
    const upstream = connect(Number(target), hostname);
    for (const [one, other] of [
      [socket, upstream],
      [upstream, socket],
    ] as const) {
      one.on('error', () => other.destroy()).pipe(other);
    }
  });
  secure.on('tlsClientError', () => {});
  const server = createServer((socket) => setTimeout(() => secure.emit('connection', socket), delayMs));
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}
