import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ADVISED_COMMANDS, REQUIRED_COMMANDS } from '@ars/redis-protocol';
import type { StreamStore } from '@ars/core';
import { startServer, type TestServer } from '../../../tests/support/server.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';

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

async function storeOf(tag: string, commands: readonly string[]): Promise<StreamStore> {
  const keys = [`~{${tag}}*`, `~ars:{${tag}}:*`];
  await admin.do('ACL', 'SETUSER', tag, 'reset', 'on', '>secret', ...keys, ...commands.map((command) => `+${command}`));
  return rawStore(server.url, { user: [tag, 'secret'] });
}

/** All that a store does, once; also what happens only on a server that does not know a script yet. */
async function everything(store: StreamStore, tag: string): Promise<void> {
  await admin.do('SCRIPT', 'FLUSH');
  const stream = `{${tag}}in`;
  for (const idempotencyKey of [undefined, 'a', 'b'])
    await store.append({ stream, fields: ['f', 'v'], idempotencyKey });
  const reader = await store.openReader();
  const start = await reader.locate(stream, 'end');
  const { home, token, base } = await claim(store, addressOf(tag), [start]);
  const [read] = await reader.read({ cursors: [start], maxEntries: 5, maxBytes: 1e6, waitMs: 0 });
  await reader.read({ cursors: [read!.cursor], maxEntries: 5, maxBytes: 1e6, waitMs: 1 });
  const header = { version: 0, serializer: 'json', declared: [] };
  const commit = commitOf(base, {
    cursors: [read!.cursor],
    state: { header, set: [['a', '1']], deleted: ['b'] },
    publishes: ['x', 'y', 'x'].map((name) => ({ stream: `{${tag}}${name}`, fields: ['f', 'v'] })),
  });
  await home.commit(token, commit);
  await home.renew(token);
  await home.release(token);
  await store.tail([stream]);
  reader.close();
  await keyedAndCare(store, tag);
}

/** What consumers with keyed state, standbys and relays do. */
async function keyedAndCare(store: StreamStore, tag: string): Promise<void> {
  const address = addressOf(tag, { consumerId: 'keyed', isKeyed: true });
  const { home, token } = await claim(store, address);
  await home.glance();
  await home.load(token, ['k']);
  await home.scan(undefined, 10);
  await store.register(address, [{ stream: address.scope, position: '0-0', read: 0 }]);
  await store.consumers(address.scope);
  await store.unregister(address);
  home.close();
}

describe('a user with the documented rights', () => {
  test('can do everything, on its own keys only', async () => {
    const tag = freshTag();
    const store = await storeOf(tag, REQUIRED_COMMANDS);
    await everything(store, tag);
    const reader = await store.openReader();
    expect(reader.history).toBeUndefined();
    await store.close();
  });

  test('learns the history of the server where INFO is granted too', async () => {
    const store = await storeOf(freshTag(), [...REQUIRED_COMMANDS, ...ADVISED_COMMANDS]);
    const [one, other] = [await store.openReader(), await store.openReader()];
    expect(one.history).toMatch(/^[0-9a-f]{40}:[0-9a-f]{40}$/);
    expect(other.history).toBe(one.history);
    await store.close();
  });

  test('also trims, moves and waits where the advised commands are granted', async () => {
    const tag = freshTag();
    const store = await storeOf(tag, [...REQUIRED_COMMANDS, ...ADVISED_COMMANDS]);
    const stream = `{${tag}}in`;
    const { id } = await store.append({ stream, fields: ['f', 'v'], idempotencyKey: undefined });
    const entries = [{ id, fields: ['f', 'v'] }];
    expect(await store.move({ from: stream, to: `{${tag}}out`, entries })).toEqual({ moved: 1, held: 0 });
    expect(await store.trim(`{${tag}}out`, { maxLength: 0 })).toBe(1);
    const { home, token } = await claim(store, addressOf(tag));
    expect(await home.persist(token, { replicas: 1, fsync: false, timeoutMs: 1 })).toBe(false);
    await store.close();
  });

  test.each(REQUIRED_COMMANDS)('needs %s', async (command) => {
    const tag = freshTag();
    const store = await storeOf(
      tag,
      REQUIRED_COMMANDS.filter((other) => other !== command),
    );
    await expect(everything(store, tag)).rejects.toMatchObject({ details: { reason: 'NOPERM' } });
    await store.close();
  });
});
