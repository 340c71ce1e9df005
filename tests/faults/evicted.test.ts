import { Persistable, StreamConsumer, type Fields } from '@ars/core';
import type { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { recordKey, registryKey, stateKey, type Place } from './checker.js';
import { CLIENTS, createStore, type ClientKind } from './clients.js';
import {
  dumpAll,
  foldsThrough,
  placeOf,
  startOwnServer,
  untilDone,
  writeMessages,
  type RunningFold,
} from './harness.js';
import { report } from './report.js';

/** What may vanish of a consumer, and what is left of it then. */
const LOSSES: readonly { name: string; keys: (place: Place) => string[] }[] = [
  { name: 'the record', keys: (place) => [recordKey(place)] },
  { name: 'the state', keys: (place) => [stateKey(place)] },
  { name: 'the record and the state', keys: (place) => [recordKey(place), stateKey(place)] },
  { name: 'the record and its registration', keys: (place) => [recordKey(place), registryKey(place)] },
];

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test.each(LOSSES)(
    'a consumer that has lost $name refuses to start, and what is left stays as it is',
    async ({ keys }) => {
      const { server, client, place } = await startUsed(library);
      await client.del(...keys(place));
      const before = await dumpAll(client);
      await expect(startFold(server.url, place)).rejects.toMatchObject({ code: 'ARS_STATE_LOST' });
      expect(await dumpAll(client)).toEqual(before);
      report('record or state lost', { faults: 1 });
    },
  );

  test.each(LOSSES)(
    'a running consumer that loses $name ends with an error, and nothing is overwritten',
    async ({ keys }) => {
      const { server, client, place } = await startUsed(library);
      const fold = await startFold(server.url, place);
      await client.del(...keys(place));
      await expectToEndWithoutAWrite(client, place, fold);
    },
  );

  test('a running consumer whose state is put back from an older copy ends with an error, and nothing is overwritten', async () => {
    const { server, client, place } = await startUsed(library);
    const older = await client.dumpBuffer(stateKey(place));
    const fold = await startFold(server.url, place);
    await writeMessages(client, place, 50, 101);
    await untilDone(client, place);
    await client.restore(stateKey(place), 0, older, 'REPLACE');
    await expectToEndWithoutAWrite(client, place, fold);
    const before = await dumpAll(client);
    await expect(startFold(server.url, place)).rejects.toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(await dumpAll(client)).toEqual(before);
  });

  test('a server that evicts everything under pressure ends a running consumer, which does not start anew by itself', async () => {
    const { server, client, place } = await startUsed(library, ['--maxmemory-policy', 'allkeys-random']);
    const fold = await startFold(server.url, place);
    await client.config('SET', 'maxmemory', '1');
    await waitFor(async () => (await client.exists(recordKey(place))) === 0, 'the record to be evicted');
    await client.config('SET', 'maxmemory', '0');
    // The input is gone as well; it depends on timing which loss is met first.
    await expectToEndWithoutAWrite(client, place, fold, /^ARS_(STATE_LOST|STREAM_REGRESSED)$/);
  });

  test('of two consumers that give their state one name, the second to commit ends and overwrites nothing', async () => {
    const { server, client } = await startOwnServer();
    const first = namesake(library, server.url, 'first');
    const second = namesake(library, server.url, 'second');
    await first.start();
    await second.start(); // nothing is stored yet, so nothing is wrong yet
    await client.xadd('shared', '*', 'n', '1');
    const endings = await Promise.race(
      [first, second].map((consumer) => consumer.closed.catch((error: unknown) => error)),
    );
    expect(endings).toMatchObject({ code: 'ARS_STATE_LOST' });
    expect(await client.hget('ars:{shared}:state:counter', 'a:count')).toBe('1');
    const loser = (await client.hget('ars:{shared}:state:counter', 'owner'))!.endsWith(':first') ? 'second' : 'first';
    await expect(namesake(library, server.url, loser).start()).rejects.toMatchObject({ code: 'ARS_STATE_OWNERSHIP' });
  });
});

/** A server on which the fold has run and stopped. */
async function startUsed(
  library: ClientKind,
  args: readonly string[] = [],
): Promise<Awaited<ReturnType<typeof startOwnServer>> & { place: Place }> {
  const started = await startOwnServer({ args });
  const place = placeOf('used');
  await writeMessages(started.client, place, 100);
  const fold = await foldsThrough(library)(started.server.url, place);
  await untilDone(started.client, place);
  await fold.consumer.stop();
  return { ...started, place };
}

async function expectToEndWithoutAWrite(
  client: Redis,
  place: Place,
  fold: RunningFold,
  code: RegExp = /^ARS_STATE_LOST$/,
): Promise<void> {
  const others = [place.stream, recordKey(place)]; // new messages arrive; the heartbeat of a surviving record may move
  const before = await dumpAll(client, others);
  const record = await client.hgetall(recordKey(place));
  await writeMessages(client, place, 100, 1_001);
  await expect(fold.consumer.closed).rejects.toMatchObject({ code: expect.stringMatching(code) as string });
  report('record or state lost', { faults: 1, messages: fold.consumer.stats().messages });
  expect(await dumpAll(client, others)).toEqual(before);
  const { heartbeat: _, renewal: __, owner: ___, ...left } = await client.hgetall(recordKey(place));
  expect(record).toMatchObject(left);
}

function namesake(library: ClientKind, url: string, consumerId: string): StreamConsumer {
  class Counter extends Persistable.with({ count: 0 }) {
    readonly uniqueId = 'counter';
    handle(_message: Fields): void {
      this.count += 1;
    }
  }
  const store = createStore(library, url);
  const logger = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
  const consumer = new StreamConsumer({ store, stream: 'shared', consumerId, handler: new Counter(), logger });
  onTestFinished(async () => {
    await consumer.stop();
    await store.close();
  });
  return consumer;
}
