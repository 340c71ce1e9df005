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
