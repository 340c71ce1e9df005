import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import type { StoredValue, StreamStore } from '@ars/core';
import { addressOf, claim, commitOf, freshTag, rawStore, Scene } from './support/fixture.js';

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

const header = { version: 3, serializer: 'json', declared: [] };
const stateKey = () => `ars:{${tag}}:keyed:%7B${tag}%7Din:c`;
const keyed = (name?: string) => addressOf(tag, { isKeyed: true, stateName: name });

/** Claims a consumer with keyed state and commits states of some keys. */
async function withStates(states: [string, StoredValue][]) {
  const claimed = await claim(store, keyed());
  const commit = commitOf(claimed.base, { state: { header, set: states, deleted: [] } });
  expect(await claimed.home.commit(claimed.token, commit)).toEqual({ outcome: 'committed' });
  return { ...claimed, base: commit.commitId };
}

describe('keyed state', () => {
  test('lives in a hash of its own kind, named after the consumer or as it was named', async () => {
    await withStates([['k', '1']]);
    expect(await scene.do('HGET', stateKey(), 'a:k')).toBe('1');
    const { home, token, base } = await claim(store, { ...keyed('carts:eu'), consumerId: 'other' });
    await home.commit(token, commitOf(base, { state: { header, set: [['k', '1']], deleted: [] } }));
    expect(await scene.do('EXISTS', `ars:{${tag}}:keyed:carts%3Aeu`)).toBe(1);
  });

  test('is inspected and claimed without its keys, however many there are', async () => {
    const { base } = await withStates(Array.from({ length: 5000 }, (_, i): [string, string] => [`k${i}`, 'v']));
    const next = await store.openHome(keyed());
    const expected = { isOwn: true, commitId: base, version: 3, declared: [], attributes: new Map() };
    expect((await next.inspect()).state).toMatchObject(expected);
    const answer = await next.claim({ expectedEpoch: 1, ownEpoch: 0, owner: 'f'.repeat(32), starts: [] });
    expect(answer).toMatchObject({ inspection: { state: expected } });
  });

  test('of a new consumer is nothing', async () => {
    const { home } = await claim(store, keyed());
    expect((await home.inspect()).state).toBeUndefined();
  });
});

describe('load', () => {
  test('answers values in the order asked, and tells missing from empty', async () => {
    const { home, token } = await withStates([
      ['a', '1'],
      ['empty', ''],
      ['bytes', Uint8Array.of(0xc2, 0x80, 0xff)],
      ['naïve ✓', 'ü'],
    ]);
    const answer = await home.load(token, ['none', 'naïve ✓', 'bytes', 'empty', 'a', 'a']);
    const values = [undefined, 'ü', Uint8Array.of(0xc2, 0x80, 0xff), '', '1', '1'];
    expect(answer).toEqual({ outcome: 'loaded', values });
    expect(await home.load(token, [])).toEqual({ outcome: 'loaded', values: [] });
  });

  test('takes thousands of keys at once', async () => {
    const states = Array.from({ length: 9001 }, (_, i): [string, string] => [`k${i}`, `v${i}`]);
    const { home, token } = await withStates(states);
    const answer = await home.load(token, [...states.map(([key]) => key), 'none']);
    expect(answer).toEqual({ outcome: 'loaded', values: [...states.map(([, value]) => value), undefined] });
  });

  test('of a consumer without any state yet answers that there is none', async () => {
    const { home, token } = await claim(store, keyed());
    expect(await home.load(token, ['k'])).toEqual({ outcome: 'loaded', values: [undefined] });
  });

  test('is fenced by another owner and by a later renewal', async () => {
    const { home, token } = await withStates([['k', '1']]);
    await home.renew({ ...token, renewal: 1 });
    expect(await home.load(token, ['k'])).toEqual({ outcome: 'fenced' });
    await claim(store, keyed());
    expect(await home.load({ ...token, renewal: 1 }, ['k'])).toEqual({ outcome: 'fenced' });
  });

  test('tells that the record, or the state that it knows of, is gone', async () => {
    const { home, token } = await withStates([['k', '1']]);
    await scene.do('HSET', stateKey(), 'commit', 'older');
    expect(await home.load(token, ['k'])).toEqual({ outcome: 'gone', what: 'state' });
    await scene.do('DEL', stateKey());
    expect(await home.load(token, ['k'])).toEqual({ outcome: 'gone', what: 'state' });
    await scene.do('DEL', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`);
    expect(await home.load(token, ['k'])).toEqual({ outcome: 'gone', what: 'record' });
  });

  test('never answers the states of another consumer', async () => {
    await withStates([['k', '1']]);
    await scene.do('HSET', stateKey(), 'owner', 'somebody');
    const { home, token } = await claim(store, keyed());
    expect(await home.load(token, ['k'])).toEqual({ outcome: 'gone', what: 'state' });
  });

  test('is a bug for a consumer whose state is not keyed', async () => {
    const { home, token } = await claim(store, addressOf(tag));
    await expect(home.load(token, ['k'])).rejects.toBeInstanceOf(TypeError);
    await expect(home.scan(undefined, 10)).rejects.toBeInstanceOf(TypeError);
  });
});

describe('scan', () => {
  test('answers every key at least once, and nothing but keys', async () => {
    const states = Array.from({ length: 3000 }, (_, i): [string, string] => [`a:${i}`, `v${i}`]);
    const { home } = await withStates([...states, ['', 'of the empty key'], ['b', Uint8Array.of(0xff)]]);
    const found = new Map<string, StoredValue>();
    let pages = 0;
    for (let from: string | undefined, isDone = false; !isDone; isDone = from === undefined) {
      const page = await home.scan(from, 100);
      for (const [key, value] of page.states) found.set(key, value);
      from = page.next;
      pages += 1;
    }
    expect(found).toEqual(
      new Map<string, StoredValue>([...states, ['', 'of the empty key'], ['b', Uint8Array.of(0xff)]]),
    );
    expect(pages).toBeGreaterThan(10);
  });

  test('of nothing is one empty page', async () => {
    const { home } = await claim(store, keyed());
    expect(await home.scan(undefined, 10)).toEqual({ states: [], next: undefined });
  });

  test('of a million keys never holds the server up: a page is about as large as asked', async () => {
    const { home } = await withStates([['k', '1']]);
    const fill = `for i = ARGV[1], ARGV[1] + 49999 do redis.call('HSET', KEYS[1], 'a:' .. i, 'v') end`;
    for (let i = 0; i < 20; i += 1) await scene.do('EVAL', fill, 1, stateKey(), i * 50_000);
    let from: string | undefined;
    for (let pages = 0; pages < 20; pages += 1) {
      const page = await home.scan(from, 500);
      expect(page.states.length).toBeLessThan(1500);
      expect(page.next).toBeDefined();
      from = page.next;
    }
    expect((await home.inspect()).state?.attributes.size).toBe(0);
    await scene.do('UNLINK', stateKey());
  });
});
