import { expect, test } from 'vitest';
import { StoreUnavailableError } from '@ars/core';
import { startServer } from '../../../tests/support/server.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';
import { snapshotOf } from './support/snapshot.js';

test('a server out of memory refuses a commit as a whole, blames nobody, and still reads', async () => {
  await using server = await startServer();
  const store = rawStore(server.url);
  const scene = await Scene.open(server.url);
  const tag = freshTag();
  const stream = `{${tag}}in`;
  const { id } = await store.append({ stream, fields: ['f', 'v'], idempotencyKey: undefined });
  const { home, token, base } = await claim(store, addressOf(tag));
  const before = await snapshotOf(scene, tag);
  await scene.do('CONFIG', 'SET', 'maxmemory', '1');

  const cursors = [{ stream, position: id, read: 1 }];
  const commit = commitOf(base, { cursors, publishes: [{ stream: `{${tag}}out`, fields: ['f', 'v'] }] });
  const error = await home.commit(token, commit).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(StoreUnavailableError);
  expect((error as StoreUnavailableError).details).toMatchObject({ reason: 'OOM', ran: false });
  expect(await snapshotOf(scene, tag)).toEqual(before);
  const reader = await store.openReader();
  const request = { cursors: [{ stream, position: '0-0', read: 0 }], maxEntries: 5, maxBytes: 1e6, waitMs: 0 };
  expect((await reader.read(request))[0]!.entries).toHaveLength(1);
  expect((await home.inspect()).record?.commitId).toBe(base);

  await scene.do('CONFIG', 'SET', 'maxmemory', '0');
  expect(await home.commit(token, commit)).toEqual({ outcome: 'committed' });
  scene.close();
  await store.close();
});
