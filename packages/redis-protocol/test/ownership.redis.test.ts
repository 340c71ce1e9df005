import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { ConsumerAddress, StreamStore } from '@ars/core';
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

const startAt = (address: ConsumerAddress, position = '0-0', read = 0) =>
  address.streams.map((stream) => ({ stream, position, read }));

describe('inspect', () => {
  test('finds nothing where nothing was claimed, and writes nothing', async () => {
    const tag = freshTag();
    const home = await store.openHome(addressOf(tag));
    expect(await home.inspect()).toEqual({ record: undefined, isRegistered: false, state: undefined });
    expect(await scene.do('KEYS', `*${tag}*`)).toEqual([]);
  });

  test('tells a record that vanished while the registry still lists the consumer', async () => {
    const tag = freshTag();
    const { home } = await claim(store, addressOf(tag));
    await scene.do('DEL', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`);
    expect(await home.inspect()).toEqual({ record: undefined, isRegistered: true, state: undefined });
  });
});

describe('a claim', () => {
  test('makes a record whose first commitId is the owner, and registers the consumer', async () => {
    const tag = freshTag();
    const address = addressOf(tag);
    const home = await store.openHome(address);
    const owner = token();
    const answer = await home.claim({ expectedEpoch: 0, ownEpoch: 0, owner, starts: startAt(address, '7-1', 4) });
    expect(answer).toMatchObject({
      outcome: 'claimed',
      epoch: 1,
      inspection: {
        isRegistered: true,
        record: {
          layout: '1',
          epoch: 1,
          owner,
          commitId: owner,
          quietMs: 0,
          cursors: [{ stream: `{${tag}}in`, position: '7-1', read: 4 }],
        },
      },
    });
  });

  test('sent again gives the same answer and changes nothing', async () => {
    const address = addressOf(freshTag());
    const home = await store.openHome(address);
    const request = { expectedEpoch: 0, ownEpoch: 0, owner: token(), starts: startAt(address) };
    const first = await home.claim(request);
    expect(await home.claim(request)).toMatchObject({
      outcome: 'claimed',
      epoch: first.outcome === 'claimed' ? first.epoch : 0,
    });
    expect((await home.inspect()).record).toMatchObject({ epoch: 1, owner: request.owner });
  });

  test('that arrives after another one is a conflict and changes nothing', async () => {
    const address = addressOf(freshTag());
    const home = await store.openHome(address);
    const late = { expectedEpoch: 0, ownEpoch: 0, owner: token(), starts: startAt(address) };
    await home.claim(late);
    const { token: current } = await claim(store, address);
    expect(await home.claim(late)).toEqual({ outcome: 'conflict' });
    expect((await home.inspect()).record).toMatchObject({ epoch: 2, owner: current.owner });
  });

  test('that arrives after its own release is a conflict', async () => {
    const address = addressOf(freshTag());
    const home = await store.openHome(address);
    const request = { expectedEpoch: 0, ownEpoch: 0, owner: token(), starts: startAt(address) };
    await home.claim(request);
    await home.release({ owner: request.owner, renewal: 0 });
    expect(await home.claim(request)).toEqual({ outcome: 'conflict' });
  });

  test('takes an epoch above the expected one and above its own last', async () => {
    const address = addressOf(freshTag());
    await claim(store, address);
    const home = await store.openHome(address);
    const answer = await home.claim({ expectedEpoch: 1, ownEpoch: 6, owner: token(), starts: [] });
    expect(answer).toMatchObject({ outcome: 'claimed', epoch: 7 });
  });

  test('keeps positions that are stored, and starts only streams without one', async () => {
    const tag = freshTag();
    const first = addressOf(tag, { streams: [`{${tag}}a`], scope: '*' });
    await claim(store, first, [{ stream: `{${tag}}a`, position: '5-0', read: 5 }]);
    const both = addressOf(tag, { streams: [`{${tag}}a`, `{${tag}}b`], scope: '*' });
    const { home } = await claim(store, both, startAt(both, '9-0', 9));
    expect((await home.inspect()).record?.cursors).toEqual([
      { stream: `{${tag}}a`, position: '5-0', read: 5 },
      { stream: `{${tag}}b`, position: '9-0', read: 9 },
    ]);
    expect(Object.values(await scene.hash(`ars:{${tag}}:consumers:%7B${tag}%7Da`))).toEqual(['5-0']);
    expect(Object.values(await scene.hash(`ars:{${tag}}:consumers:%7B${tag}%7Db`))).toEqual(['9-0']);
  });

  test.each(['9-0', '2-0', undefined])(
    'registers every stream at the position that is stored, where the registry lists %s',
    async (listed) => {
      const tag = freshTag();
      const address = addressOf(tag, { streams: [`{${tag}}a`, `{${tag}}b`], scope: '*' });
      await claim(store, address, [
        { stream: `{${tag}}a`, position: '5-0', read: 5 },
        { stream: `{${tag}}b`, position: '6-0', read: 6 },
      ]);
      const [record, registry] = [`ars:{${tag}}:consumer:*:c`, `ars:{${tag}}:consumers:%7B${tag}%7Da`];
      if (listed === undefined) await scene.do('DEL', registry);
      else await scene.do('HSET', registry, record, listed);
      await claim(store, address, []);
      expect(await scene.hash(registry)).toEqual({ [record]: '5-0' });
      expect(await scene.hash(`ars:{${tag}}:consumers:%7B${tag}%7Db`)).toEqual({ [record]: '6-0' });
    },
  );

  test('registers nothing for streams that are read elsewhere', async () => {
    const tag = freshTag();
    await claim(store, addressOf(tag, { readsHere: false }));
    expect(await scene.do('KEYS', `*{${tag}}*`)).toEqual([`ars:{${tag}}:consumer:%7B${tag}%7Din:c`]);
  });

  test('answers how long the previous owner has been quiet', async () => {
    const tag = freshTag();
    const address = addressOf(tag);
    await claim(store, address);
    const key = `ars:{${tag}}:consumer:%7B${tag}%7Din:c`;
    const heartbeat = Number(await scene.do('HGET', key, 'heartbeat'));
    await scene.do('HSET', key, 'heartbeat', heartbeat - 60_000);
    const home = await store.openHome(address);
    const answer = await home.claim({ expectedEpoch: 1, ownEpoch: 0, owner: token(), starts: [] });
    const quietMs = answer.outcome === 'claimed' ? answer.inspection.record!.quietMs : 0;
    expect(quietMs).toBeGreaterThanOrEqual(60_000);
    expect((await home.inspect()).record!.quietMs).toBeLessThan(60_000);
  });

  test('that cannot write the record leaves no entry in the registry', async () => {
    const tag = freshTag();
    await scene.do('SET', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`, 'x');
    await expect(claim(store, addressOf(tag))).rejects.toMatchObject({
      code: 'ARS_CONFIGURATION',
      details: { reason: 'WRONGTYPE' },
    });
    expect(await scene.do('EXISTS', `ars:{${tag}}:consumers:%7B${tag}%7Din`)).toBe(0);
  });
});

describe('a takeover', () => {
  test('keeps the last commit, and moves the heartbeat on a clock that stepped back', async () => {
    const tag = freshTag();
    const first = await claim(store, addressOf(tag));
    const commit = commitOf(first.base);
    await first.home.commit(first.token, commit);
    await scene.do('HSET', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`, 'heartbeat', '9999999999999');
    await first.home.claim({ expectedEpoch: 1, ownEpoch: 0, owner: 'other', starts: [] });
    const { record } = await first.home.inspect();
    expect(record?.commitId).toBe(commit.commitId);
    expect(await scene.do('HGET', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`, 'heartbeat')).toBe('10000000000000');
  });
});

describe('a renewal', () => {
  test('is held with its own or a higher number, and changes neither epoch nor commitId', async () => {
    const { home, token: held, base } = await claim(store, addressOf(freshTag()));
    for (const renewal of [0, 1, 1, 5]) {
      expect(await home.renew({ ...held, renewal })).toEqual({ outcome: 'held', commitId: base });
    }
    expect((await home.inspect()).record).toMatchObject({ epoch: 1, commitId: base });
  });

  test('that a later one has overtaken is fenced by it, and does not lower the number', async () => {
    const { home, token: held, base } = await claim(store, addressOf(freshTag()));
    await home.renew({ ...held, renewal: 12 });
    expect(await home.renew({ ...held, renewal: 9 })).toEqual({ outcome: 'fenced', epoch: 1 });
    expect(await home.commit({ ...held, renewal: 12 }, commitOf(base))).toEqual({ outcome: 'committed' });
  });

  test('of an earlier owner is fenced, with the epoch of the present one', async () => {
    const address = addressOf(freshTag());
    const { home, token: held } = await claim(store, address);
    await claim(store, address);
    expect(await home.renew({ ...held, renewal: 1 })).toEqual({ outcome: 'fenced', epoch: 2 });
  });

  test('without a record is gone', async () => {
    const tag = freshTag();
    const { home, token: held } = await claim(store, addressOf(tag));
    await scene.do('DEL', `ars:{${tag}}:consumer:%7B${tag}%7Din:c`);
    expect(await home.renew(held)).toEqual({ outcome: 'gone' });
  });

  test('always moves the heartbeat, even on a clock that stepped back', async () => {
    const tag = freshTag();
    const { home, token: held, base } = await claim(store, addressOf(tag));
    const key = `ars:{${tag}}:consumer:%7B${tag}%7Din:c`;
    await scene.do('HSET', key, 'heartbeat', '9999999999999');
    await home.renew(held);
    expect(await scene.do('HGET', key, 'heartbeat')).toBe('10000000000000');
    await home.commit(held, commitOf(base));
    expect(await scene.do('HGET', key, 'heartbeat')).toBe('10000000000001');
    expect((await home.inspect()).record?.quietMs).toBe(0);
  });
});

describe('a release', () => {
  test('clears the owner and keeps the rest', async () => {
    const { home, token: held, base } = await claim(store, addressOf(freshTag()));
    await home.release(held);
    expect((await home.inspect()).record).toMatchObject({ owner: '', epoch: 1, commitId: base });
    expect(await home.commit(held, commitOf(base))).toEqual({ outcome: 'fenced' });
  });

  test("under a token that is not the owner's does nothing", async () => {
    const { home, token: held } = await claim(store, addressOf(freshTag()));
    await home.release({ owner: token(), renewal: 0 });
    await home.release({ ...held, renewal: 1 });
    expect((await home.inspect()).record?.owner).toBe(held.owner);
  });
});
