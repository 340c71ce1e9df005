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

test.each(['0-0', '9-0', undefined])(
  'a takeover that may not write the record leaves the registration at %s as it was',
  async (listed) => {
    await using server = await startServer();
    const admin = await Scene.open(server.url);
    const tag = freshTag();
    const owners = rawStore(server.url);
    await claim(owners, addressOf(tag));
    const [record, registry] = [`ars:{${tag}}:consumer:%7B${tag}%7Din:c`, `ars:{${tag}}:consumers:%7B${tag}%7Din`];
    if (listed === undefined) await admin.do('DEL', registry);
    else await admin.do('HSET', registry, record, listed);
    const rules = ['reset', 'on', '>secret', '+@all', '~*', '-hset', `(+hset ~ars:{${tag}}:consumers:*)`];
    await admin.do('ACL', 'SETUSER', 'limited', ...rules);
    const store = rawStore(server.url, { user: ['limited', 'secret'] });
    const before = await snapshotOf(admin, tag);
    const home = await store.openHome(addressOf(tag));
    const request = { expectedEpoch: 1, ownEpoch: 0, owner: 'other', starts: [] };
    await expect(home.claim(request)).rejects.toMatchObject({ details: { reason: 'NOPERM' } });
    expect(await snapshotOf(admin, tag)).toEqual(before);
    admin.close();
    await owners.close();
    await store.close();
  },
);
