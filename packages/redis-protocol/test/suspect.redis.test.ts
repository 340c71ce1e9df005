import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { startServer } from '../../../tests/support/server.js';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';
import { snapshotOf } from './support/snapshot.js';

let store: StreamStore;
let scene: Scene;
let tag: string;
beforeAll(async () => {
  store = rawStore(inject('redisUrl'));
  scene = await Scene.open(inject('redisUrl'));
});
beforeEach(() => {
  tag = freshTag();
});
afterAll(async () => {
  scene.close();
  await store.close();
});

const record = () => `ars:{${tag}}:consumer:%7B${tag}%7Din:c`;
const suspect = { stream: 'a,b', id: '18446744073709551615-1', count: 3 };
const attempt = { stream: 's', id: '5-0', count: 2 };

/** Claims a consumer whose first commit marks a suspect. */
async function marked() {
  const claimed = await claim(store, addressOf(tag));
  const commit = commitOf(claimed.base, { suspect });
  expect(await claimed.home.commit(claimed.token, commit)).toEqual({ outcome: 'committed' });
  return { ...claimed, base: commit.commitId };
}

describe('the mark of a suspect', () => {
  test('is written by a commit and taken away by the next one without it', async () => {
    const { home, token, base } = await marked();
    expect((await home.inspect()).record).toMatchObject({ suspect, attempt: undefined });
    await home.commit(token, commitOf(base));
    expect((await home.inspect()).record?.suspect).toBeUndefined();
    expect(await scene.do('HEXISTS', record(), 'suspect')).toBe(0);
  });

  test('and the failing attempt come and go on their own', async () => {
    const { home, token, base } = await marked();
    const both = commitOf(base, { suspect, attempt });
    await home.commit(token, both);
    expect((await home.inspect()).record).toMatchObject({ suspect, attempt });
    const one = commitOf(both.commitId, { attempt });
    await home.commit(token, one);
    expect((await home.inspect()).record).toMatchObject({ suspect: undefined, attempt });
  });

  test('survives renewals and a takeover, and is cleared by release', async () => {
    const { home, token } = await marked();
    await home.renew({ ...token, renewal: 4 });
    const next = await claim(store, addressOf(tag));
    await home.release({ ...token, renewal: 4 });
    expect((await home.inspect()).record).toMatchObject({ suspect, owner: next.token.owner });
    await next.home.release(next.token);
    expect((await home.inspect()).record).toMatchObject({ suspect: undefined, owner: '' });
  });

  test('that may not be removed leaves a commit, and a release, without effect', async () => {
    await using server = await startServer();
    const admin = await Scene.open(server.url);
    await admin.do('ACL', 'SETUSER', 'limited', 'on', '>secret', '~*', '+@all');
    const limited = rawStore(server.url, { user: ['limited', 'secret'] });
    const { home, token, base } = await claim(limited, addressOf(tag));
    const commit = commitOf(base, { suspect });
    await home.commit(token, commit);
    await admin.do('ACL', 'SETUSER', 'limited', '-hdel');
    const before = await snapshotOf(admin, tag);
    const noRight = { details: { reason: 'NOPERM' } };
    await expect(home.commit(token, commitOf(commit.commitId))).rejects.toMatchObject(noRight);
    await expect(home.release(token)).rejects.toMatchObject(noRight);
    expect(await snapshotOf(admin, tag)).toEqual(before);
    admin.close();
    await limited.close();
  });
});

test('an empty owner is fenced everywhere once the record is released', async () => {
  const { home, token, base } = await claim(store, addressOf(tag, { isKeyed: true }));
  await home.release(token);
  const before = await snapshotOf(scene, tag);
  const nobody = { owner: '', renewal: 0 };
  expect(await home.commit(nobody, commitOf(base))).toEqual({ outcome: 'fenced' });
  expect(await home.renew({ owner: '', renewal: 1 })).toEqual({ outcome: 'fenced', epoch: 1 });
  expect(await home.load(nobody, ['k'])).toEqual({ outcome: 'fenced' });
  expect(await home.persist(nobody, { replicas: 1, fsync: false, timeoutMs: 1 })).toBe(false);
  await home.release(nobody);
  expect(await snapshotOf(scene, tag)).toEqual(before);
});

describe('a glance', () => {
  test('finds nobody where nothing was claimed', async () => {
    expect(await (await store.openHome(addressOf(tag))).glance()).toBeUndefined();
  });

  test('tells owner, epoch and heartbeat, as inspect does', async () => {
    const { home, token } = await claim(store, addressOf(tag));
    const { record: stored } = await home.inspect();
    expect(await home.glance()).toEqual({ owner: token.owner, epoch: 1, heartbeat: stored!.heartbeat });
    await home.renew(token);
    expect((await home.glance())!.heartbeat).toBeGreaterThan(stored!.heartbeat);
    await home.release(token);
    expect(await home.glance()).toMatchObject({ owner: '', epoch: 1 });
  });
});
