import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene, token } from './support/fixture.js';

let store: StreamStore;
let scene: Scene;
beforeAll(async () => {
  store = rawStore(inject('redisUrl'));
  scene = await Scene.open(inject('redisUrl'));
});
afterAll(async () => {
  scene.close();
  await store.close();
});

describe('a commit', () => {
  test('writes position, state and entries together', async () => {
    const tag = freshTag();
    const address = addressOf(tag);
    const [input] = address.streams as [string];
    const id = (await scene.do('XADD', input, '*', 'f', 'v')) as string;
    const { home, token: held, base } = await claim(store, address);
    const commit = commitOf(base, {
      cursors: [{ stream: input, position: id, read: 1 }],
      state: { header: { version: 3, serializer: 'json', declared: ['stock'] }, set: [['stock', '7']], deleted: [] },
      publishes: [{ stream: `{${tag}}out`, fields: ['a', '1', 'b', Uint8Array.of(0xff, 0)] }],
      attempt: { stream: input, id: '5-5', count: 2 },
    });
    expect(await home.commit(held, commit)).toEqual({ outcome: 'committed' });

    const { record, state, isRegistered } = await home.inspect();
    expect(record).toMatchObject({
      layout: '1',
      epoch: 1,
      owner: held.owner,
      commitId: commit.commitId,
      cursors: [{ stream: input, position: id, read: 1 }],
      stateCommit: commit.commitId,
      serializer: 'json',
      attempt: { stream: input, id: '5-5', count: 2 },
    });
    expect(state).toMatchObject({ isOwn: true, commitId: commit.commitId, version: 3, declared: ['stock'] });
    expect(state?.attributes).toEqual(new Map([['stock', '7']]));
    expect(isRegistered).toBe(true);
    const [[, fields]] = (await scene.raw('XRANGE', `{${tag}}out`, '-', '+')) as [[Buffer, Buffer[]]];
    expect(fields).toEqual([Buffer.from('a'), Buffer.from('1'), Buffer.from('b'), Buffer.from([0xff, 0])]);
    expect(await scene.hash(`ars:{${tag}}:consumers:%7B${tag}%7Din`)).toEqual({
      [`ars:{${tag}}:consumer:%7B${tag}%7Din:c`]: id,
    });
  });

  test('sent again is answered already, and changes nothing', async () => {
    const tag = freshTag();
    const { home, token: held, base } = await claim(store, addressOf(tag));
    const commit = commitOf(base, { publishes: [{ stream: `{${tag}}out`, fields: ['a', '1'] }] });
    expect(await home.commit(held, commit)).toEqual({ outcome: 'committed' });
    expect(await home.commit(held, commit)).toEqual({ outcome: 'already' });
    expect(await scene.do('XLEN', `{${tag}}out`)).toBe(1);
  });

  test('with a base that is not the last commit is stale', async () => {
    const { home, token: held } = await claim(store, addressOf(freshTag()));
    expect(await home.commit(held, commitOf(token()))).toEqual({ outcome: 'stale' });
  });

  test('of an earlier owner is fenced, however late it comes', async () => {
    const address = addressOf(freshTag());
    const first = await claim(store, address);
    await claim(store, address);
    expect(await first.home.commit(first.token, commitOf(first.base))).toEqual({ outcome: 'fenced' });
  });

  test('under an older renewal number is fenced', async () => {
    const { home, token: held, base } = await claim(store, addressOf(freshTag()));
    await home.renew({ ...held, renewal: 1 });
    expect(await home.commit(held, commitOf(base))).toEqual({ outcome: 'fenced' });
    expect(await home.commit({ ...held, renewal: 1 }, commitOf(base))).toEqual({ outcome: 'committed' });
  });

  test('without a record is gone', async () => {
    const tag = freshTag();
    const { home, token: held, base } = await claim(store, addressOf(tag));
    await scene.do('DEL', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`);
    expect(await home.commit(held, commitOf(base))).toEqual({ outcome: 'gone', what: 'record' });
  });

  test('removes the attempt on record when it has none', async () => {
    const tag = freshTag();
    const { home, token: held, base } = await claim(store, addressOf(tag));
    const first = commitOf(base, { attempt: { stream: `{${tag}}in`, id: '1-0', count: 2 } });
    await home.commit(held, first);
    await home.commit(held, commitOf(first.commitId));
    expect((await home.inspect()).record?.attempt).toBeUndefined();
  });
});
