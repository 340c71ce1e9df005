import { inspect } from 'node:util';
import { createServer, type Server, type Socket } from 'node:net';
import { isArsError, StreamConsumer, StreamProducer, type ArsErrorCode } from '@ars/core';
import { describe, expect, onTestFinished, test } from 'vitest';
import { findFreePort } from '../support/server.js';
import { CLIENTS, createStore, type ClientKind } from './clients.js';
import { foldsThrough, placeOf, startOwnServer } from './harness.js';
import { report } from './report.js';

const SECRET = 'hunter2-very-secret';
const TIMEOUTS = { connectTimeoutMs: 500, commandTimeoutMs: 500 };

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('a port where nobody listens: start rejects as unavailable and names host and port', async () => {
    const port = await findFreePort();
    await expectStartToFail(library, `redis://user:${SECRET}@127.0.0.1:${port}/0`, port, 'ARS_STORE_UNAVAILABLE');
  });

  test('an address that accepts and never answers: start rejects as unavailable and names host and port', async () => {
    const port = await listen(() => {});
    await expectStartToFail(library, `redis://user:${SECRET}@127.0.0.1:${port}/0`, port, 'ARS_STORE_UNAVAILABLE');
  });

  test('an address that accepts and hangs up: start rejects as unavailable and names host and port', async () => {
    const port = await listen((socket) => socket.destroy());
    await expectStartToFail(library, `redis://user:${SECRET}@127.0.0.1:${port}/0`, port, 'ARS_STORE_UNAVAILABLE');
  });

  test('a server that speaks another protocol: start rejects and names host and port', async () => {
    const port = await listen((socket) => socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')));
    await expectStartToFail(library, `redis://user:${SECRET}@127.0.0.1:${port}/0`, port, 'ARS_STORE_UNAVAILABLE');
  });

  test('a wrong password: start rejects as misconfigured, names host and port, and never the password', async () => {
    const { server } = await startOwnServer({ args: ['--requirepass', 'right'] });
    await expectStartToFail(library, `redis://:${SECRET}@127.0.0.1:${server.port}`, server.port, 'ARS_CONFIGURATION');
  });

  test('an unknown user: start rejects as misconfigured, names host and port, and never the password', async () => {
    const { server } = await startOwnServer();
    await expectStartToFail(
      library,
      `redis://nobody:${SECRET}@127.0.0.1:${server.port}`,
      server.port,
      'ARS_CONFIGURATION',
    );
  });

  test('a server that wants a password and gets none: start rejects as misconfigured and names host and port', async () => {
    const { server } = await startOwnServer({ args: ['--requirepass', SECRET] });
    await expectStartToFail(library, `redis://127.0.0.1:${server.port}`, server.port, 'ARS_CONFIGURATION');
  });

  test('a database that the server does not have: start rejects as misconfigured and names host and port', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('elsewhere');
    await client.set('witness', 'untouched');
    await expectStartToFail(
      library,
      `redis://127.0.0.1:${server.port}/99`,
      server.port,
      'ARS_CONFIGURATION',
      place.stream,
    );
    expect(await client.keys('*')).toEqual(['witness']);
  });

  test('a store that could not be reached starts once it can, with a new consumer', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('later');
    await server.kill('SIGKILL');
    await expect(startFold(server.url, place)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
    await server.restart();
    const fold = await startFold(server.url, place);
    await client.xadd(place.stream, '*', 'n', 'm1', 'key', 'k', 'amount', '1');
    await fold.consumer.caughtUp();
    expect(fold.consumer.state.count).toBe(1);
  });
});

/** Both ways of using the store: neither hangs, neither guesses, neither tells a password. */
async function expectStartToFail(
  library: ClientKind,
  url: string,
  port: number,
  code: ArsErrorCode,
  stream = 'in',
): Promise<void> {
  const store = createStore(library, url, TIMEOUTS);
  onTestFinished(() => store.close());
  const logged: unknown[] = [];
  const note = (...what: unknown[]): number => logged.push(what);
  const consumer = new StreamConsumer({
    store,
    stream,
    consumerId: 'nobody',
    handler: () => {},
    logger: { debug: note, info: note, warn: note, error: note },
  });
  const started = await failureOf(consumer.start());
  const closed = await failureOf(consumer.closed);
  const published = await failureOf(new StreamProducer({ store }).publish(stream, { n: 1 }));
  for (const error of [started, closed, published]) {
    expect(isArsError(error, code), inspect(error)).toBe(true);
    expect((error as Error).message).toContain(`127.0.0.1:${port}`);
    expect(everythingIn(error)).not.toContain(SECRET);
  }
  expect(everythingIn(logged)).not.toContain(SECRET);
  report('store unreachable', { faults: 3 });
}

async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => expect.fail('it succeeded'),
    (error: unknown) => error,
  );
}

/** What could be logged of a value, hidden parts and causes included. */
function everythingIn(value: unknown): string {
  return inspect(value, { depth: 20, showHidden: true, maxArrayLength: 1_000, maxStringLength: 100_000 });
}

async function listen(onConnection: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onConnection(socket);
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}
