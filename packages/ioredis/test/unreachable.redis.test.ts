import { createServer, type AddressInfo, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { Cluster } from 'ioredis';
import { createIoredisStore, type IoredisConnection } from '@ars/ioredis';
import { startServer } from '../../../tests/support/server.js';

let silent: Server;
let port: number;
beforeEach(async () => {
  silent = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  ({ port } = silent.address() as AddressInfo);
});
afterEach(() => silent.close());

/** Opens a reader that must fail; answers how, and after how long. */
async function failure(
  connection: IoredisConnection,
): Promise<{ error: Error & { code?: string; details?: object }; afterMs: number }> {
  const store = createIoredisStore(connection, { connectTimeoutMs: 300 });
  const startedAt = performance.now();
  const opened = store.openHome({
    consumerId: 'c',
    home: 's',
    scope: 's',
    streams: ['s'],
    readsHere: true,
    stateName: null,
  });
  const error = await opened.then(
    () => expect.fail('was opened'),
    (reason: unknown) => reason as Error,
  );
  await store.close();
  return { error, afterMs: performance.now() - startedAt };
}

describe('a store that cannot connect says so within its time, naming the address and no credentials', () => {
  test.each<[string, () => IoredisConnection]>([
    ['nobody listens', () => 'redis://user:s3cret@127.0.0.1:1'],
    ['the server accepts and stays silent', () => `redis://:s3cret@127.0.0.1:${port}`],
    ['the TLS handshake is never answered', () => `rediss://:s3cret@127.0.0.1:${port}`],
    ['the sentinel stays silent', () => ({ sentinels: [{ host: '127.0.0.1', port }], name: 'm', password: 's3cret' })],
    ['no sentinel listens', () => ({ sentinels: [{ host: '127.0.0.1', port: 1 }], name: 'm', password: 's3cret' })],
    [
      'the nodes of a cluster stay silent',
      () => new Cluster([`redis://:s3cret@127.0.0.1:${port}`], { lazyConnect: true }),
    ],
    ['no node of a cluster listens', () => new Cluster([{ host: '127.0.0.1', port: 1 }], { lazyConnect: true })],
  ])('%s', async (_, connection) => {
    const { error, afterMs } = await failure(connection());
    expect(error).toMatchObject({ code: 'ARS_STORE_UNAVAILABLE', details: { ran: false } });
    expect(error.message).toContain('127.0.0.1');
    expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('s3cret');
    expect(afterMs).toBeLessThan(1500);
  });
});

describe('a store that is not let in says so as a configuration error', () => {
  test('for a wrong password', async () => {
    await using server = await startServer({ args: ['--requirepass', 'right'] });
    const { error } = await failure(`redis://:s3cret@127.0.0.1:${server.port}`);
    expect(error).toMatchObject({ code: 'ARS_CONFIGURATION', details: { reason: 'WRONGPASS' } });
    expect(`${error.stack} ${JSON.stringify(error)}`).not.toContain('s3cret');
  });

  test('for a missing password', async () => {
    await using server = await startServer({ args: ['--requirepass', 'right'] });
    expect((await failure(server.url)).error).toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { reason: 'NOAUTH' },
    });
  });

  test('for a database that does not exist, rather than using another one', async () => {
    expect((await failure(new URL('/9999', inject('redisUrl')).href)).error).toMatchObject({
      code: 'ARS_CONFIGURATION',
    });
  });
});
