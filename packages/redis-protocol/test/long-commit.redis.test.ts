import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { replayDeadLetters, StreamConsumer, type StreamStore } from '@ars/core';
import { REQUIRED_COMMANDS } from '@ars/redis-protocol';
import { deadLetter } from '../../../tests/care/dead-letter-fields.js';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const MIB = 1024 * 1024;

let server: TestServer;
let admin: Scene;
let store: StreamStore;
let tag: string;
beforeAll(async () => {
  server = await startServer();
  admin = await Scene.open(server.url);
});
beforeEach(() => {
  tag = freshTag();
  store = rawStore(server.url);
});
afterEach(async () => {
  await store.close();
  await admin.do('CONFIG', 'SET', 'proto-max-bulk-len', '512mb', 'client-query-buffer-limit', '1gb');
});
afterAll(async () => {
  admin.close();
  await server.stop();
});

const name = (stream: string): string => `{${tag}}${stream}`;

async function add(...lengths: readonly number[]): Promise<void> {
  for (const [n, length] of lengths.entries())
    await admin.do('XADD', name('in'), '*', 'n', String(n), 'length', String(length));
}

/** Each message writes an attribute of its own, of the length that it says. */
function consumer(batch: number): StreamConsumer<Record<string, string>> {
  return new StreamConsumer({
    store,
    stream: name('in'),
    consumerId: 'c',
    deadLetter: name('dead'),
    retry: { attempts: 1 },
    batch: { maxMessages: batch },
    state: {} as Record<string, string>,
    logger: quiet,
    handler: ({ n, length }, transaction) => {
      transaction.state[`attribute-${n}`] = 'x'.repeat(Number(length));
    },
  });
}

async function run(batch: number): Promise<{ lengths: number[]; recoveries: number; dead: unknown }> {
  const running = consumer(batch);
  await running.start();
  await running.caughtUp();
  const { recoveries } = running.stats();
  const lengths = Object.values(running.state).map((text) => text.length);
  await running.stop();
  return { lengths, recoveries, dead: await admin.do('XLEN', name('dead')) };
}

describe('a server that takes arguments of one MiB', () => {
  beforeEach(() => admin.do('CONFIG', 'SET', 'proto-max-bulk-len', String(MIB)));

  test('messages that are too long together are committed one by one, and no connection is lost', async () => {
    await add(400_000, 400_000, 400_000, 400_000);
    expect(await run(10)).toEqual({ lengths: [400_000, 400_000, 400_000, 400_000], recoveries: 0, dead: 0 });
  });

  test('a message whose commit is too long is that message its own failure', async () => {
    await add(10, MIB, 20);
    expect(await run(10)).toEqual({ lengths: [10, 20], recoveries: 0, dead: 1 });
    const [[, fields]] = (await admin.do('XRANGE', name('dead'), '-', '+')) as [[string, string[]]];
    expect(String(fields)).toMatch(/proto-max-bulk-len.*ARS_COMMIT/);
  });

  test('many dead letters that are longer together are all replayed', async () => {
    const letter = deadLetter(['text', 'x'.repeat(100_000)], { stream: name('in') });
    for (let n = 0; n < 20; n += 1) await admin.do('XADD', name('dead'), '*', ...letter);
    expect(await replayDeadLetters(store, { from: name('dead') })).toEqual({ moved: 20, kept: 0, held: 0 });
    expect([await admin.do('XLEN', name('in')), await admin.do('XLEN', name('dead'))]).toEqual([20, 0]);
  });

  test('the homes that share its connection go on', async () => {
    const other = await claim(store, addressOf(`${tag}-other`));
    const { home, token, base } = await claim(store, addressOf(tag));
    const long = {
      set: [['a', 'x'.repeat(MIB)]] as const,
      deleted: [],
      header: { version: 0, serializer: 'json', declared: ['a'] },
    };
    const pending = [
      home.commit(token, commitOf(base, { state: long })),
      other.home.commit(other.token, commitOf(other.base)),
    ];
    const [refused, committed] = await Promise.allSettled(pending);
    expect(refused).toMatchObject({ reason: { code: 'ARS_COMMIT', details: { reason: 'TOO_LONG', limit: MIB } } });
    expect(committed).toMatchObject({ value: { outcome: 'committed' } });
    expect(await home.renew({ ...token, renewal: token.renewal + 1 })).toMatchObject({ outcome: 'held' });
  });

  test('a limit that was raised counts at once', async () => {
    const { home, token, base } = await claim(store, addressOf(tag));
    const long = {
      set: [['a', 'x'.repeat(MIB)]] as const,
      deleted: [],
      header: { version: 0, serializer: 'json', declared: ['a'] },
    };
    const commit = commitOf(base, { state: long });
    await expect(home.commit(token, commit)).rejects.toMatchObject({ code: 'ARS_COMMIT' });
    await admin.do('CONFIG', 'SET', 'proto-max-bulk-len', '2mb');
    expect(await home.commit(token, commit)).toEqual({ outcome: 'committed' });
  });
});

test('a server that takes commands of one MiB only, of however many arguments, is not sent a longer one', async () => {
  await admin.do('CONFIG', 'SET', 'client-query-buffer-limit', String(MIB));
  await add(10, 2 * MIB, MIB - 70_000);
  expect(await run(1)).toEqual({ lengths: [10, MIB - 70_000], recoveries: 0, dead: 1 });
});

test('a server that does not tell its limit is taken to have the usual one', async () => {
  const keys = [`~{${tag}}*`, `~ars:{${tag}}:*`];
  const commands = REQUIRED_COMMANDS.map((command) => `+${command}`);
  await admin.do('ACL', 'SETUSER', tag, 'reset', 'on', '>secret', ...keys, ...commands);
  await store.close();
  store = rawStore(server.url, { user: [tag, 'secret'] });
  await add(3 * MIB);
  expect(await run(1)).toEqual({ lengths: [3 * MIB], recoveries: 0, dead: 0 });
});
