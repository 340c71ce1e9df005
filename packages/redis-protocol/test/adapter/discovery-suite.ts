import type { ConsumerHome, StreamReader, StreamStore } from '@ars/core';
import type { NodeAddress } from '@ars/redis-protocol';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startCluster } from '../../../../tests/support/cluster.js';
import type { TestServer } from '../../../../tests/support/server.js';
import { addressOf, DONE, freshTag, roundTrip } from './round-trip.js';
import { bulk, StubNodes } from './stub-nodes.js';
import type { AdapterUnderTest } from './under-test.js';

const host = '127.0.0.1';

/** Nodes that are gone, or cut off from the others, must not stand in the way of those that serve. */
export function describeDiscovery(adapter: AdapterUnderTest): void {
  describe('on a cluster with a node that serves', () => {
    let serving: TestServer;
    const stubs = new StubNodes();
    let store: StreamStore;
    beforeAll(async () => {
      serving = await startCluster();
    });
    afterAll(() => serving.stop());
    afterEach(async () => {
      await store.close();
      stubs.end();
    });

    const storeOf = (stubbed: readonly NodeAddress[], connectTimeoutMs: number): StreamStore => {
      store = adapter.store(adapter.cluster({ seeds: [...stubbed, { host, port: serving.port }] }), {
        connectTimeoutMs,
      });
      return store;
    };

    test('it is found behind one that claims all slots and is cut off: by a call that is made again', async () => {
      storeOf([await stubs.start(cutOff)], 5000);
      const tag = freshTag();
      const request = { stream: `{${tag}}s`, fields: ['f', 'v'], idempotencyKey: 'k' };
      const { id } = await store.append(request);
      expect(await store.append(request)).toEqual({ id, isRepeat: true });
      expect(await store.tail([request.stream])).toEqual([id]);
    });

    test('it is found behind one that claims all slots and is cut off: by reader and home together', async () => {
      storeOf([await stubs.start(cutOff)], 5000);
      const tag = freshTag();
      const outcomes = [await tryBoth(store, tag), await tryBoth(store, tag), await tryBoth(store, tag)];
      expect(outcomes[0]).toContain('CLUSTERDOWN');
      expect(outcomes.slice(1)).toEqual([
        ['ok', 'ok'],
        ['ok', 'ok'],
      ]);
      expect(await roundTrip(store, tag)).toEqual(DONE);
    });

    test('it is found behind one that names a master which is gone', async () => {
      const gone = await stubs.start((command) => plain(command) ?? slots(1));
      storeOf([gone], 5000);
      const address = addressOf(freshTag());
      await expect(store.openHome(address)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
      for (let i = 0; i < 3; i += 1) (await store.openHome(address)).close();
    });

    test('it is found behind four that are mute, and they are not asked again', async () => {
      const mute = await stubs.startMute(4);
      storeOf(mute, 600);
      const address = addressOf(freshTag());
      await expect(store.openHome(address)).rejects.toMatchObject({ code: 'ARS_STORE_UNAVAILABLE' });
      for (let i = 0; i < 10; i += 1) (await store.openHome(address)).close();
    });
  });
}

/** What reader and home of a stream do, each over a connection of its own: `ok`, or the reason why not. */
async function tryBoth(store: StreamStore, tag: string): Promise<unknown[]> {
  const opened: (StreamReader | ConsumerHome)[] = [];
  const stream = `{${tag}}in`;
  const reading = async () => {
    const reader = await store.openReader([stream]);
    opened.push(reader);
    await reader.locate(stream, 'beginning');
  };
  const looking = async () => {
    const home = await store.openHome(addressOf(tag));
    opened.push(home);
    await home.glance();
  };
  const reasonOf = (error: { details?: { reason?: unknown } }) => error.details?.reason;
  const outcomes: unknown[] = [];
  for (const work of [reading, looking]) outcomes.push(await work().then(() => 'ok', reasonOf));
  for (const one of opened) one.close();
  return outcomes;
}

/** An old master that has lost the others, and takes itself for the master of every slot. */
function cutOff(command: string, port: number): string {
  if (command.startsWith('CLUSTER SLOTS')) return slots(port);
  return plain(command) ?? '-CLUSTERDOWN The cluster is down\r\n';
}

function plain(command: string): string | undefined {
  if (command.startsWith('INFO')) return bulk(INFO);
  if (/^ping/i.test(command)) return '+PONG\r\n';
  return /^client/i.test(command) ? '+OK\r\n' : undefined;
}

const INFO =
  'redis_version:7.0.15\r\nredis_mode:cluster\r\nrun_id:a\r\nmaster_replid:b\r\nrole:master\r\nloading:0\r\n';
const slots = (port: number): string => `*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n${bulk(host)}:${port}\r\n`;
