import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StateChange, StoredValue, StreamStore } from '@ars/core';
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

const header = { version: 2, serializer: 'json', declared: ['a', 'b'] };
const change = (changes: Partial<StateChange>): StateChange => ({ header, set: [], deleted: [], ...changes });

/** Claims a consumer and commits a first state. */
async function withState(tag: string, set: [string, StoredValue][], name?: string) {
  const claimed = await claim(store, addressOf(tag, { stateName: name }));
  const commit = commitOf(claimed.base, { state: change({ set }) });
  const answer = await claimed.home.commit(claimed.token, commit);
  return { ...claimed, base: commit.commitId, answer };
}

describe('state', () => {
  test.each([0, 1, 2])(
    'attributes are written, changed and deleted, with bytes intact, and %i entries',
    async (entries) => {
      const tag = freshTag();
      const publishes = Array.from({ length: entries }, () => ({ stream: `{${tag}}out`, fields: ['f', 'v'] }));
      const { home, token, base } = await withState(tag, [
        ['a', '1'],
        ['b', Uint8Array.of(0x80, 1)],
      ]);
      const state = change({ set: [['c', 'naïve ✓']], deleted: ['a', 'never'] });
      expect(await home.commit(token, commitOf(base, { state, publishes }))).toEqual({ outcome: 'committed' });
      expect(await scene.do('XLEN', `{${tag}}out`)).toBe(entries);
      const attributes = (await home.inspect()).state?.attributes;
      expect(attributes).toEqual(
        new Map<string, StoredValue>([
          ['b', Uint8Array.of(0x80, 1)],
          ['c', 'naïve ✓'],
        ]),
      );
    },
  );

  test('a change without a header leaves version, serializer and declarations as they are', async () => {
    const { home, token, base } = await withState(freshTag(), [['a', '1']]);
    await home.commit(token, commitOf(base, { state: change({ header: undefined, set: [['a', '2']] }) }));
    const { state, record } = await home.inspect();
    expect(state).toMatchObject({ version: 2, declared: ['a', 'b'], commitId: record!.stateCommit });
    expect(record?.serializer).toBe('json');
  });

  test('thousands of attributes fit into one commit', async () => {
    const set = Array.from({ length: 9000 }, (_, i): [string, string] => [`k${i}`, String(i)]);
    const { home, token, base, answer } = await withState(freshTag(), set);
    expect(answer).toEqual({ outcome: 'committed' });
    expect((await home.inspect()).state?.attributes.size).toBe(9000);
    await home.commit(token, commitOf(base, { state: change({ deleted: set.slice(1).map(([name]) => name) }) }));
    expect((await home.inspect()).state?.attributes).toEqual(new Map([['k0', '0']]));
  });

  test('that vanished is answered gone, by any commit of a consumer that had it', async () => {
    const tag = freshTag();
    const { home, token, base } = await withState(tag, [['a', '1']]);
    await scene.do('DEL', `ars:{${tag}}:state:%7B${tag}%7Din:c`);
    expect(await home.commit(token, commitOf(base))).toEqual({ outcome: 'gone', what: 'state' });
    const state = change({ set: [['a', '2']] });
    expect(await home.commit(token, commitOf(base, { state }))).toEqual({ outcome: 'gone', what: 'state' });
  });

  test('of an older commit, as after a partial restore, is answered gone', async () => {
    const tag = freshTag();
    const { home, token, base } = await withState(tag, [['a', '1']]);
    await scene.do('HSET', `ars:{${tag}}:state:%7B${tag}%7Din:c`, 'commit', 'older');
    expect(await home.commit(token, commitOf(base))).toEqual({ outcome: 'gone', what: 'state' });
  });

  test('that another consumer owns is never overwritten', async () => {
    const tag = freshTag();
    const first = await withState(tag, [['a', '1']], 'shared');
    const other = await claim(store, addressOf(tag, { consumerId: 'other', stateName: 'shared' }));
    expect((await other.home.inspect()).state).toMatchObject({ isOwn: false });
    const commit = commitOf(other.base, { state: change({ set: [['a', '2']] }) });
    expect(await other.home.commit(other.token, commit)).toEqual({ outcome: 'gone', what: 'state' });
    expect((await first.home.inspect()).state?.attributes).toEqual(new Map([['a', '1']]));
  });
});
