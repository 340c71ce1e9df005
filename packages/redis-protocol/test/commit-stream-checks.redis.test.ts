import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StreamStore } from '@ars/core';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';

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

async function commitAt(tag: string, position: string, read: number, readsHere = true): Promise<unknown> {
  const { home, token, base } = await claim(store, addressOf(tag, { readsHere }));
  return home.commit(token, commitOf(base, { cursors: [{ stream: `{${tag}}in`, position, read }] }));
}

describe('a commit is stale', () => {
  test('when the stream has not reached its position', async () => {
    const tag = freshTag();
    await scene.do('XADD', `{${tag}}in`, '9-5', 'f', 'v');
    expect(await commitAt(tag, '10-0', 1)).toEqual({ outcome: 'stale' });
    expect(await commitAt(tag, '9-6', 1)).toEqual({ outcome: 'stale' });
    expect(await commitAt(tag, '9-5', 1)).toEqual({ outcome: 'committed' });
  });

  test('when the stream has not had as many entries', async () => {
    const tag = freshTag();
    await scene.do('XADD', `{${tag}}in`, '9-5', 'f', 'v');
    expect(await commitAt(tag, '9-5', 2)).toEqual({ outcome: 'stale' });
  });

  test('when the stream is gone', async () => {
    expect(await commitAt(freshTag(), '1-0', 1)).toEqual({ outcome: 'stale' });
  });

  test('but not when its numbers are only greater as text', async () => {
    const tag = freshTag();
    for (const id of ['9-9', '9-10', '10-1']) await scene.do('XADD', `{${tag}}in`, id, 'f', 'v');
    expect(await commitAt(tag, '9-10', 2)).toEqual({ outcome: 'committed' });
    const other = freshTag();
    for (const id of ['9-9', '9-10']) await scene.do('XADD', `{${other}}in`, id, 'f', 'v');
    expect(await commitAt(other, '9-9', 1)).toEqual({ outcome: 'committed' });
  });

  test('but not for streams that are read from another store', async () => {
    expect(await commitAt(freshTag(), '1-0', 1, false)).toEqual({ outcome: 'committed' });
  });
});

describe('a commit may publish', () => {
  test('to the stream that it reads', async () => {
    const tag = freshTag();
    const stream = `{${tag}}in`;
    const position = (await scene.do('XADD', stream, '*', 'f', 'v')) as string;
    const { home, token, base } = await claim(store, addressOf(tag));
    const commit = commitOf(base, {
      cursors: [{ stream, position, read: 1 }],
      publishes: [{ stream, fields: ['f', '2'] }],
    });
    expect(await home.commit(token, commit)).toEqual({ outcome: 'committed' });
    expect(await scene.do('XLEN', stream)).toBe(2);
  });

  test('many entries to many streams, each stream in order', async () => {
    const tag = freshTag();
    const { home, token, base } = await claim(store, addressOf(tag));
    const publishes = Array.from({ length: 3000 }, (_, i) => ({
      stream: `{${tag}}out${i % 7}`,
      fields: ['i', String(i)],
    }));
    expect(await home.commit(token, commitOf(base, { publishes }))).toEqual({ outcome: 'committed' });
    const entries = (await scene.do('XRANGE', `{${tag}}out3`, '-', '+')) as [string, [string, string]][];
    expect(entries.map(([, [, i]]) => Number(i))).toEqual(Array.from({ length: entries.length }, (_, n) => n * 7 + 3));
  });

  test('an entry of 3,900 fields', async () => {
    const tag = freshTag();
    const { home, token, base } = await claim(store, addressOf(tag));
    const fields = Array.from({ length: 7800 }, (_, i) => `x${i}`);
    await home.commit(token, commitOf(base, { publishes: [{ stream: `{${tag}}out`, fields }] }));
    expect(await scene.do('XLEN', `{${tag}}out`)).toBe(1);
  });
});
