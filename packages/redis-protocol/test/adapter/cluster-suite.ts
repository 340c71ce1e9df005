import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StreamReader, StreamStore } from '@ars/core';
import { hashSlot } from '@ars/redis-protocol';
import { request } from '../../../../tests/support/resp.js';
import { waitFor } from '../../../../tests/support/wait.js';
import { addressOf, DONE, freshTag, roundTrip } from './round-trip.js';
import { startTwoNodes, type TwoNodeCluster } from './two-node-cluster.js';
import type { AdapterUnderTest, Cluster } from './under-test.js';

const host = '127.0.0.1';

/** A fresh tag whose slot is on the first or the second node. */
function tagOn(node: 'first' | 'second'): string {
  for (;;) {
    const tag = freshTag();
    if (hashSlot(tag) < 8192 === (node === 'first')) return tag;
  }
}

/** Runs work with a store of the cluster, and closes the store. */
type WithStore = (input: Partial<Cluster>, work: (store: StreamStore) => Promise<void>) => Promise<void>;

/** Keys on the nodes of a cluster are found, always on the master of their slot. */
export function describeCluster(adapter: AdapterUnderTest): void {
  describe('on a cluster', () => {
    let nodes: TwoNodeCluster;
    beforeAll(async () => {
      nodes = await startTwoNodes();
    });
    afterAll(() => nodes[Symbol.asyncDispose]());

    const withStore: WithStore = async (input, work) => {
      const store = adapter.store(adapter.cluster({ seeds: [{ host, port: nodes.first.port }], ...input }));
      await work(store);
      await store.close();
    };
    testPlaces(withStore, () => nodes);
    testRefusals(withStore);
    testNodes(withStore, () => nodes);
    testHomes(withStore, () => nodes);
    testCare(withStore);

    test('a client for a single server is told to be one for clusters', async () => {
      const store = adapter.store(nodes.first.url);
      await expect(store.openReader()).rejects.toMatchObject({
        code: 'ARS_CONFIGURATION',
        message: expect.stringContaining('Cluster') as string,
      });
      await store.close();
    });
  });
}

function testPlaces(withStore: WithStore, nodes: () => TwoNodeCluster): void {
  test.each(['', 'app:', '{app}:'])('a store works behind the key prefix %j', async (keyPrefix) => {
    await withStore({ keyPrefix }, async (store) => {
      expect(await roundTrip(store, freshTag())).toEqual(DONE);
    });
  });

  test.each(['first', 'second'] as const)('a consumer works on the %s node', async (node) => {
    await withStore({}, async (store) => {
      expect(await roundTrip(store, tagOn(node))).toEqual(DONE);
    });
  });

  test('a store works when the first seed is gone', async () => {
    const seeds = [1, nodes().second.port].map((port) => ({ host, port }));
    await withStore({ seeds }, async (store) => {
      expect(await roundTrip(store, freshTag())).toEqual(DONE);
    });
  });

  test('the addresses that nodes announce are translated', async () => {
    const { first } = nodes();
    await request(first.port, 'CONFIG', 'SET', 'cluster-announce-ip', '10.99.99.99');
    const addressMap = { [`10.99.99.99:${first.port}`]: { host, port: first.port } };
    await withStore({ addressMap }, async (store) => {
      expect(await roundTrip(store, tagOn('first'))).toEqual(DONE);
    });
    await request(first.port, 'CONFIG', 'SET', 'cluster-announce-ip', host);
  });
}

function testRefusals(withStore: WithStore): void {
  test('streams of other slots are refused with the way out', async () => {
    await withStore({}, async (store) => {
      expect(store.placementProblem('orders', 'alerts')).toContain('{orders}');
      const tag = freshTag();
      const apart = { ...addressOf(tag, [`{${tag}}a`, 'elsewhere']), scope: '*' };
      await expect(store.openHome(apart)).rejects.toMatchObject({
        code: 'ARS_CONFIGURATION',
        details: { stream: 'elsewhere' },
      });
      const home = await store.openHome(addressOf(tag));
      const owner = '0'.repeat(32);
      await home.claim({ expectedEpoch: 0, ownEpoch: 0, owner, starts: [] });
      const commit = {
        commitId: '1'.repeat(32),
        base: owner,
        cursors: [],
        state: undefined,
        attempt: undefined,
        suspect: undefined,
      };
      const publishes = [{ stream: 'elsewhere', fields: ['f', 'v'] }];
      await expect(home.commit({ owner, renewal: 0 }, { ...commit, publishes })).rejects.toMatchObject({
        code: 'ARS_COMMIT',
        details: { stream: 'elsewhere', reason: 'PLACEMENT' },
      });
    });
  });
}

function testNodes(withStore: WithStore, nodes: () => TwoNodeCluster): void {
  test('many streams share one connection a node', async () => {
    const isAtMost = (most: number) => haveAtMost(nodes(), most);
    await waitFor(() => isAtMost(0), 'the connections of other tests to end');
    await withStore({}, async (store) => {
      const append = (tag: string) => store.append({ stream: `{${tag}}s`, fields: ['f', 'v'], idempotencyKey: tag });
      await Promise.all(Array.from({ length: 60 }, (_, i) => append(tagOn(i % 2 === 0 ? 'first' : 'second'))));
      await waitFor(() => isAtMost(1), 'all but one connection a node to end');
    });
  });

  test('many homes share one connection a node', async () => {
    await waitFor(() => haveAtMost(nodes(), 0), 'the connections of other tests to end');
    await withStore({}, async (store) => {
      const tags = Array.from({ length: 20 }, (_, i) => tagOn(i % 2 === 0 ? 'first' : 'second'));
      const homes = await Promise.all(tags.map((tag) => store.openHome(addressOf(tag))));
      await waitFor(() => haveAtMost(nodes(), 1), 'all but one connection a node to end');
      expect(await Promise.all(homes.map((home) => home.glance()))).toEqual(tags.map(() => undefined));
    });
  });

  test('streams that moved to the other node are found there', async () => {
    await withStore({}, async (store) => {
      const tag = tagOn('first');
      const stream = `{${tag}}s`;
      await store.append({ stream, fields: ['f', '1'], idempotencyKey: undefined });
      await moveToSecond(nodes(), hashSlot(tag), stream);
      const { id } = await store.append({ stream, fields: ['f', '2'], idempotencyKey: undefined });
      expect(await store.tail([stream])).toEqual([id]);
    });
  });

  test('reader and home of one slot see one history when the reader is told its streams', async () => {
    await withStore({}, async (store) => {
      const tag = tagOn('second');
      const open = store.openReader.bind(store) as (streams?: readonly string[]) => Promise<StreamReader>;
      const reader = await open([`{${tag}}in`]);
      expect(reader.history).toBeTypeOf('string');
      expect((await store.openHome(addressOf(tag))).history).toBe(reader.history);
      const blind = await open();
      expect(blind.history).toBeUndefined();
      expect((await store.openHome(addressOf(tag))).history).toBeUndefined();
    });
  });
}

function testHomes(withStore: WithStore, nodes: () => TwoNodeCluster): void {
  test('a home whose slot moved fails, and is opened again on the other node', async () => {
    await withStore({}, async (store) => {
      const [moving, staying] = [tagOn('first'), tagOn('first')];
      const [home, neighbour] = [await store.openHome(addressOf(moving)), await store.openHome(addressOf(staying))];
      await moveToSecond(nodes(), hashSlot(moving), `{${moving}}none`);
      await expect(home.glance()).rejects.toMatchObject({
        code: 'ARS_STORE_UNAVAILABLE',
        details: { reason: 'MOVED' },
      });
      home.close();
      expect(await neighbour.glance()).toBeUndefined();
      expect(await roundTrip(store, moving)).toEqual(DONE);
    });
  });
}

function testCare(withStore: WithStore): void {
  test('streams are trimmed, and entries move within a slot only', async () => {
    await withStore({}, async (store) => {
      const tag = tagOn('second');
      const from = `{${tag}}dead`;
      const { id } = await store.append({ stream: from, fields: ['f', 'v'], idempotencyKey: undefined });
      const entries = [{ id, fields: ['f', 'v'] }];
      await expect(store.move({ from, to: `{${tag}x}in`, entries })).rejects.toMatchObject({
        code: 'ARS_CONFIGURATION',
        details: { reason: 'PLACEMENT', stream: from },
      });
      await expect(store.trim('a}b', 'consumed')).rejects.toMatchObject({ code: 'ARS_CONFIGURATION' });
      expect(await store.move({ from, to: `{${tag}}in`, entries })).toEqual({ moved: 1, held: 0 });
      expect(await store.trim(`{${tag}}in`, { maxLength: 0 })).toBe(1);
    });
  });

  test('an audit looks at a node', async () => {
    await withStore({}, async (store) => {
      expect((await store.audit()).map(({ code }) => code)).toEqual(['NO_PERSISTENCE']);
    });
  });
}

/** Whether no node has more connections than so many, but for the one that asks. */
async function haveAtMost({ first, second }: TwoNodeCluster, most: number): Promise<boolean> {
  const lists = await Promise.all([first, second].map(({ port }) => request(port, 'CLIENT', 'LIST')));
  return lists.every((list) => String(list).split('\n').length - 2 <= most);
}

async function moveToSecond({ first, second }: TwoNodeCluster, slot: number, key: string): Promise<void> {
  const [from, to] = await Promise.all([first, second].map(({ port }) => request(port, 'CLUSTER', 'MYID')));
  await request(second.port, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(from));
  await request(first.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(to));
  await request(first.port, 'MIGRATE', host, second.port, '', 0, 5000, 'KEYS', key);
  for (const { port } of [second, first]) await request(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(to));
}
