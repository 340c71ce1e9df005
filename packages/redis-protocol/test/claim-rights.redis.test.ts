import { expect, test } from 'vitest';
import { startServer } from '../../../tests/support/server.js';
import { addressOf, claim, freshTag, rawStore, Scene } from './support/fixture.js';
import { snapshotOf } from './support/snapshot.js';

test.each(['consumer', 'consumers'])('a claim that may not write its %s key leaves nothing behind', async (denied) => {
  await using server = await startServer();
  const admin = await Scene.open(server.url);
  const tag = freshTag();
  const allowed = denied === 'consumer' ? 'consumers' : 'consumer';
  const rules = ['reset', 'on', '>secret', '+@all', '~*', '-hset', `(+hset ~ars:{${tag}}:${allowed}:*)`];
  await admin.do('ACL', 'SETUSER', 'limited', ...rules);
  const store = rawStore(server.url, { user: ['limited', 'secret'] });
  const refused = { code: 'ARS_CONFIGURATION', details: { reason: 'NOPERM' } };
  await expect(claim(store, addressOf(tag))).rejects.toMatchObject(refused);
  expect(await snapshotOf(admin, tag)).toEqual({});
  admin.close();
  await store.close();
});

test('a claim that could not take its registration back is refused before it writes', async () => {
  await using server = await startServer();
  const admin = await Scene.open(server.url);
  const tag = freshTag();
  await admin.do('ACL', 'SETUSER', 'limited', 'reset', 'on', '>secret', '+@all', '~*', '-hdel');
  const store = rawStore(server.url, { user: ['limited', 'secret'] });
  await expect(claim(store, addressOf(tag))).rejects.toMatchObject({ details: { reason: 'NOPERM' } });
  expect(await snapshotOf(admin, tag)).toEqual({});
  admin.close();
  await store.close();
});

test('a takeover that may not write the record leaves the registration that was there', async () => {
  await using server = await startServer();
  const admin = await Scene.open(server.url);
  const tag = freshTag();
  const owners = rawStore(server.url);
  await claim(owners, addressOf(tag));
  await admin.do(
    'ACL',
    'SETUSER',
    'limited',
    'reset',
    'on',
    '>secret',
    '+@all',
    '~*',
    '-hset',
    `(+hset ~ars:{${tag}}:consumers:*)`,
  );
  const store = rawStore(server.url, { user: ['limited', 'secret'] });
  const before = await snapshotOf(admin, tag);
  const home = await store.openHome(addressOf(tag));
  const request = {
    expectedEpoch: 1,
    ownEpoch: 0,
    owner: 'other',
    starts: [{ stream: `{${tag}}in`, position: '0-0', read: 0 }],
  } as const;
  await expect(home.claim(request)).rejects.toMatchObject({ details: { reason: 'NOPERM' } });
  expect(await snapshotOf(admin, tag)).toEqual(before);
  admin.close();
  await owners.close();
  await store.close();
});
