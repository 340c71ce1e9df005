import { afterAll, beforeAll, expect, test } from 'vitest';
import { StreamConsumer } from '@ars/core';
import { createRedisStore, type RedisConnection } from '@ars/redis-protocol';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { COMMIT } from '../src/scripts/commit.js';
import { freshTag, Scene } from './support/fixture.js';
import { RawDriver } from './support/raw-driver.js';

/** As in `commit-undo`: without its proof a commit meets the refusal in the middle of its writes. */
const PROOF = /if i > 1 then[\s\S]*?\n {2}end\nend/;
const UNPROVEN = COMMIT.body.replace(PROOF, 'end');

let server: TestServer;
let admin: Scene;
beforeAll(async () => {
  server = await startServer();
  admin = await Scene.open(server.url);
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

/** Sends commits without their proof. */
class UnprovenDriver extends RawDriver {
  override async connect(): Promise<RedisConnection> {
    const connection = await super.connect();
    return {
      get isOpen() {
        return connection.isOpen;
      },
      send: ([command, script, ...rest]) =>
        connection.send(script === COMMIT.sha ? ['EVAL', UNPROVEN, ...rest] : [command!, script!, ...rest]),
      close: () => connection.close(),
    };
  }
}

test('a commit that could not be taken back ends its consumer, and is neither sent nor handled again', async () => {
  const tag = freshTag();
  const name = (stream: string): string => `{${tag}}${stream}`;
  for (const n of ['1', '2']) await admin.do('XADD', name('in'), '*', 'n', n);
  await admin.do('XADD', name('a'), '*', 'n', 'before');
  const rights = ['+@all', '~*', '-xadd', `(+xadd ~${name('a')})`, '-xdel'];
  await admin.do('ACL', 'SETUSER', tag, 'reset', 'on', '>secret', ...rights);
  const store = createRedisStore(new UnprovenDriver(server.url, { user: [tag, 'secret'] }));
  let runs = 0;
  const consumer = new StreamConsumer({
    store,
    stream: name('in'),
    consumerId: 'c',
    deadLetter: name('dead'),
    retry: { attempts: 3, minDelayMs: 1 },
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    handler: (_, transaction) => {
      runs += 1;
      transaction.publish(name('a'), { n: '1' });
      transaction.publish(name('b'), { n: '1' });
    },
  });
  expect(UNPROVEN).not.toBe(COMMIT.body);
  await consumer.start();
  const end = await consumer.closed.catch((error: unknown) => error);
  expect(end).toMatchObject({ code: 'ARS_TORN_COMMIT', details: { reason: 'NOPERM', command: 'XDEL' } });
  expect(String(end)).toMatch(/may be left .* XDEL and XSETID/);
  const left = Number(await admin.do('XLEN', name('a'))) - 1;
  expect([1, 2]).toContain(left); // the first commit holds one message or both
  expect(runs).toBe(2);
  expect(await admin.do('EXISTS', name('b'), name('dead'))).toBe(0);
  await store.close();
});
