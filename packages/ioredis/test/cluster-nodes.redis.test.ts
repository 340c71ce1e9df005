import { Cluster } from 'ioredis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashSlot } from '@ars/redis-protocol';
import type { StreamReader, StreamStore } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { request } from '../../../tests/support/resp.js';
import { addressOf, freshTag, roundTrip } from './support/round-trip.js';
import { startTwoNodes, type TwoNodeCluster } from './support/two-node-cluster.js';

let cluster: TwoNodeCluster;
let store: StreamStore;
beforeAll(async () => {
  cluster = await startTwoNodes();
  const nodes = [{ host: '127.0.0.1', port: cluster.first.port }];
  store = createIoredisStore(new Cluster(nodes, { lazyConnect: true }));
});
afterAll(async () => {
  await store.close();
  await cluster[Symbol.asyncDispose]();
});

/** A fresh tag whose slot is on the first or the second node. */
function tagOn(node: 'first' | 'second'): string {
  for (;;) {
    const tag = freshTag();
    if (hashSlot(tag) < 8192 === (node === 'first')) return tag;
  }
}

const clientsOf = async (port: number) => String(await request(port, 'CLIENT', 'LIST')).split('\n').length - 2;

test.each(['first', 'second'] as const)('a consumer works on the %s node', async (node) => {
  expect(await roundTrip(store, tagOn(node))).toMatchObject({ read: ['n=1'], outcome: 'committed' });
});

test('many streams share one connection a node', async () => {
  const append = (tag: string) => store.append({ stream: `{${tag}}s`, fields: ['f', 'v'], idempotencyKey: tag });
  await Promise.all(Array.from({ length: 60 }, (_, i) => append(tagOn(i % 2 === 0 ? 'first' : 'second'))));
  expect(await clientsOf(cluster.first.port)).toBeLessThanOrEqual(1);
  expect(await clientsOf(cluster.second.port)).toBeLessThanOrEqual(1);
});

test('streams that moved to the other node are found there', async () => {
  const tag = tagOn('first');
  const stream = `{${tag}}s`;
  await store.append({ stream, fields: ['f', '1'], idempotencyKey: undefined });
  const other = String(await request(cluster.second.port, 'CLUSTER', 'MYID'));
  const slot = hashSlot(tag);
  const { first, second } = cluster;
  await request(
    second.port,
    'CLUSTER',
    'SETSLOT',
    slot,
    'IMPORTING',
    String(await request(first.port, 'CLUSTER', 'MYID')),
  );
  await request(first.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', other);
  await request(first.port, 'MIGRATE', '127.0.0.1', second.port, '', 0, 5000, 'KEYS', stream);
  for (const { port } of [second, first]) await request(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', other);
  const { id } = await store.append({ stream, fields: ['f', '2'], idempotencyKey: undefined });
  expect(await store.tail([stream])).toEqual([id]);
});

test('reader and home of one slot see one history when the reader is told its streams', async () => {
  const tag = tagOn('second');
  const own = createIoredisStore(new Cluster([{ host: '127.0.0.1', port: cluster.first.port }], { lazyConnect: true }));
  const open = own.openReader.bind(own) as (streams?: readonly string[]) => Promise<StreamReader>;
  const reader = await open([`{${tag}}in`]);
  expect(reader.history).toBeTypeOf('string');
  expect((await own.openHome(addressOf(tag))).history).toBe(reader.history);
  const blind = await open();
  expect(blind.history).toBeUndefined();
  expect((await own.openHome(addressOf(tag))).history).toBeUndefined();
  await own.close();
});
