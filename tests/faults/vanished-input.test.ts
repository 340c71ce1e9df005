import type { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { expectExact, recordKey, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import {
  dumpAll,
  foldsThrough,
  messageFields,
  placeOf,
  startOwnServer,
  untilDone,
  writeMessages,
  type StartFold,
} from './harness.js';
import { report } from './report.js';

const DONE = 100;
const UNREAD = 60;

/** Ways in which unread entries vanish, of `UNREAD` that were written. */
const LOSSES: readonly { name: string; lost: number; remove: (client: Redis, place: Place) => Promise<unknown> }[] = [
  { name: 'trimmed by length', lost: 37, remove: (client, place) => client.xtrim(place.stream, 'MAXLEN', UNREAD - 37) },
  {
    name: 'trimmed by ID',
    lost: 10,
    remove: async (client, place) => client.xtrim(place.stream, 'MINID', (await unread(client, place))[10]!),
  },
  { name: 'all trimmed', lost: UNREAD, remove: (client, place) => client.xtrim(place.stream, 'MAXLEN', 0) },
  {
    name: 'deleted next to the position',
    lost: 1,
    remove: async (client, place) => client.xdel(place.stream, (await unread(client, place))[0]!),
  },
  {
    name: 'deleted here and there',
    lost: 20,
    remove: async (client, place) =>
      client.xdel(place.stream, ...(await unread(client, place)).filter((_, index) => index % 3 === 1)),
  },
  {
    name: 'deleted at the end',
    lost: 5,
    remove: async (client, place) => client.xdel(place.stream, ...(await unread(client, place)).slice(-5)),
  },
];

describe.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  test.each(LOSSES)(
    'unread entries $name: the start is refused with their number, and nothing changes',
    async ({ lost, remove }) => {
      const { server, client, place } = await startUsed(startFold);
      await writeMessages(client, place, UNREAD, DONE + 1);
      await remove(client, place);
      const before = await dumpAll(client);
      await expect(startFold(server.url, place)).rejects.toMatchObject({
        code: 'ARS_STREAM_GAP',
        details: { stream: place.stream, consumer: place.consumerId, lost },
      });
      expect(await dumpAll(client)).toEqual(before);
      report('input vanished', { faults: lost, messages: DONE });
    },
  );

  test('entries trimmed ahead of a consumer at work end it with their number, all before them committed', async () => {
    const { server, client, place } = await startUsed(startFold);
    let release = (): void => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    let reached = (): void => {};
    const isReached = new Promise<void>((resolve) => (reached = resolve));
    const before = ({ n }: { n?: string }): Promise<void> | undefined => {
      if (n !== `m${DONE + 20}`) return undefined;
      reached();
      return held;
    };
    const fold = await startFold(server.url, place, { before, consumer: { batch: { maxMessages: 10 } } });
    await writeMessages(client, place, 1_000, DONE + 1);
    await isReached;
    await client.xtrim(place.stream, 'MAXLEN', 300);
    release();
    const error: unknown = await fold.consumer.closed.catch((thrown: unknown) => thrown);
    const { count } = fold.consumer.state;
    expect(error).toMatchObject({ code: 'ARS_STREAM_GAP', details: { lost: DONE + 700 - count } });
    expect(count).toBeGreaterThanOrEqual(DONE + 20);
    report('input vanished', { faults: DONE + 700 - count, messages: count });
  });

  const REGRESSIONS: readonly {
    name: string;
    regress: (client: Redis, place: Place, copy: Buffer) => Promise<unknown>;
  }[] = [
    { name: 'deleted', regress: (client, place) => client.del(place.stream) },
    {
      name: 'deleted and recreated',
      regress: async (client, place) => {
        await client.del(place.stream);
        await writeMessages(client, place, 10);
      },
    },
    {
      name: 'deleted and recreated with older IDs',
      regress: async (client, place) => {
        await client.del(place.stream);
        for (let n = 1; n <= 200; n += 1) await client.xadd(place.stream, `${n}-0`, ...messageFields(n));
      },
    },
    {
      name: 'restored from an older copy',
      regress: (client, place, copy) => client.restore(place.stream, 0, copy, 'REPLACE'),
    },
  ];

  test.each(REGRESSIONS)(
    'a stream $name ends a running consumer and is refused at the start; nothing changes',
    async ({ regress }) => {
      const { server, client, place } = await startUsed(startFold);
      const copy = await client.dumpBuffer(place.stream);
      await writeMessages(client, place, 50, DONE + 1);
      const fold = await startFold(server.url, place);
      await untilDone(client, place);
      await fold.consumer.caughtUp();
      const isLeft = [place.stream, recordKey(place)]; // the one that ends releases its record
      const before = await dumpAll(client, isLeft);
      await regress(client, place, copy);
      await client.xadd(place.stream, '*', ...messageFields(1)); // wakes the reader
      await expect(fold.consumer.closed).rejects.toMatchObject({ code: 'ARS_STREAM_REGRESSED' });
      expect(await dumpAll(client, isLeft)).toEqual(before);
      const after = await dumpAll(client);
      await expect(startFold(server.url, place)).rejects.toMatchObject({ code: 'ARS_STREAM_REGRESSED' });
      expect(await dumpAll(client)).toEqual(after);
      expect(fold.consumer.state.count).toBe(DONE + 50);
      report('stream regressed', { faults: 1, messages: DONE + 50 });
    },
  );
});

/** A server on which the fold has handled `DONE` messages and stopped. */
async function startUsed(startFold: StartFold): Promise<Awaited<ReturnType<typeof startOwnServer>> & { place: Place }> {
  const started = await startOwnServer();
  const place = placeOf('vanishing');
  await writeMessages(started.client, place, DONE);
  const fold = await startFold(started.server.url, place);
  await untilDone(started.client, place);
  await fold.consumer.stop();
  await expectExact(started.client, place);
  return { ...started, place };
}

async function unread(client: Redis, place: Place): Promise<string[]> {
  const newest = await client.xrevrange(place.stream, '+', '-', 'COUNT', UNREAD);
  return newest.map(([id]) => id).reverse();
}
