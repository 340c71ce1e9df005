import { hashSlot } from '@ars/redis-protocol';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { migrateSlot, startTwoMasters, withoutSlot, type TwoMasters } from '../support/cluster.js';
import type { TestServer } from '../support/server.js';
import { expectExact, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import { connectClient, foldsThrough, isSoak, messageFields, untilDone, type RunningFold } from './harness.js';
import { untilLogged, untilMore } from './load.js';
import { report } from './report.js';

const ROUNDS = isSoak ? 20 : 2;

let masters: TwoMasters;
beforeAll(async () => {
  masters = await startTwoMasters();
});
afterAll(() => masters[Symbol.asyncDispose]());

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test('a home that is moved to another master and back under load loses nothing and doubles nothing', async () => {
    const place = placeIn(`{moving-${library}}`);
    const slot = hashSlot(place.stream);
    let [from, to] = slot < 8192 ? [masters.first, masters.second] : [masters.second, masters.first];
    const load = startClusterLoad(place);
    const fold = await startFold({ clusterPort: masters.first.port }, place, {
      consumer: { batch: { maxMessages: 20 } },
    });
    for (let round = 0; round < ROUNDS * 2; round += 1) {
      await untilMore(fold, 200);
      await migrateMeeting(fold, slot, { from, to });
      [from, to] = [to, from];
    }
    await untilMore(fold, 200);
    await load.stop();
    const client = connectClient(from.url);
    await untilDone(client, place);
    expect(fold.rewinds).toEqual([]);
    expect(fold.consumer.stats()).toMatchObject({ failures: 0 });
    expect(fold.retries).toEqual([]);
    report('server not ready', { faults: ROUNDS * 2, ...(await expectExact(client, place)) });
  }, 120_000);

  test('a home whose slot nobody serves for a while (CLUSTERDOWN) is waited for', async () => {
    const place = placeIn(`{unserved-${library}}`);
    const slot = hashSlot(place.stream);
    const owner = slot < 8192 ? masters.first : masters.second;
    const load = startClusterLoad(place);
    const fold = await startFold({ clusterPort: masters.first.port }, place, {
      consumer: { batch: { maxMessages: 20 } },
    });
    for (let round = 0; round < 2; round += 1) {
      await untilMore(fold, 100);
      fold.log.length = 0;
      await withoutSlot(slot, owner, () => untilLogged(fold, /CLUSTERDOWN|no node of the cluster serves/));
    }
    await untilMore(fold, 100);
    await load.stop();
    const client = connectClient(owner.url);
    await untilDone(client, place);
    expect(fold.rewinds).toEqual([]);
    expect(fold.consumer.stats()).toMatchObject({ failures: 0 });
    report('server not ready', { faults: 2, ...(await expectExact(client, place)) });
  }, 60_000);
});

/** Stops after the first key until the consumer has met the slot on the move, then moves the rest. */
async function migrateMeeting(
  fold: RunningFold,
  slot: number,
  nodes: { from: TestServer; to: TestServer },
): Promise<void> {
  fold.log.length = 0;
  let isMet = false;
  await migrateSlot(slot, nodes, {
    onMoved: async (left) => {
      if (isMet || left === 0) return;
      await untilLogged(fold, /TRYAGAIN|ASK|MOVED/);
      isMet = true;
    },
  });
  expect(isMet, 'the consumer has met a slot on the move').toBe(true);
}

/** Both streams in one slot, which on a cluster they must be. */
function placeIn(tag: string): Place {
  return { stream: `${tag}:in`, consumerId: 'fold', target: `${tag}:out` };
}

/** Writes without a pause with a client that follows the slot; what is in the stream counts, not what was sent. */
function startClusterLoad(place: Place): { stop(): Promise<void> } {
  const cluster = new Cluster([{ host: '127.0.0.1', port: masters.first.port }], { retryDelayOnClusterDown: 20 });
  cluster.on('error', () => {});
  onTestFinished(() => cluster.disconnect());
  let isStopping = false;
  const work = (async () => {
    for (let from = 1; !isStopping; from += 20) {
      const numbers = Array.from({ length: 20 }, (_, index) => from + index);
      await Promise.all(numbers.map((n) => cluster.xadd(place.stream, '*', ...messageFields(n)).catch(() => {})));
    }
  })();
  return {
    stop: async () => {
      isStopping = true;
      await work;
    },
  };
}
