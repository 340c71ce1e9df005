import { isArsError } from '@ars/core';
import type { Redis } from 'ioredis';
import { describe as group, expect, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { describe, expectExact, recordKey, type Place } from './checker.js';
import { CLIENTS } from './clients.js';
import {
  dumpAll,
  placeOf,
  positionOf,
  foldsThrough,
  startOwnServer,
  untilDone,
  writeMessages,
  type RunningFold,
} from './harness.js';
import { report } from './report.js';

const MESSAGES = 300;
const CULPRIT = 150;
const USER = 'fold';

/** One way to have a commit refused, and its cure. */
interface Refusal {
  readonly name: string;
  readonly reason: string;
  /** Where message `CULPRIT` publishes to, besides what every message publishes. */
  readonly also: (place: Place) => string;
  readonly cause: (client: Redis, place: Place) => Promise<unknown>;
  readonly cure: (client: Redis, place: Place) => Promise<unknown>;
  readonly acl?: boolean;
}

const bad = ({ stream }: Place): string => `${stream}:bad`;
const fresh = ({ stream }: Place): string => `${stream}:fresh`;
const acl = (client: Redis, ...rules: string[]): Promise<unknown> => client.call('ACL', 'SETUSER', USER, ...rules);

const REFUSALS: readonly Refusal[] = [
  {
    name: 'a target of the wrong type',
    reason: 'WRONGTYPE',
    also: bad,
    cause: (client, place) => client.set(bad(place), 'a string'),
    cure: (client, place) => client.del(bad(place)),
  },
  {
    name: 'a target of the wrong type, after targets that are fine',
    reason: 'WRONGTYPE',
    also: (place) => `${place.target},${fresh(place)},${bad(place)}`,
    cause: (client, place) => client.lpush(bad(place), 'a list'),
    cure: (client, place) => client.del(bad(place)),
  },
  {
    name: 'a target without IDs left',
    reason: 'EXHAUSTED',
    also: (place) => `${fresh(place)},${bad(place)}`,
    cause: (client, place) => client.xadd(bad(place), '18446744073709551615-18446744073709551614', 'the', 'end'),
    cure: (client, place) => client.del(bad(place)),
  },
  {
    name: 'a target with two IDs left for three messages',
    reason: 'EXHAUSTED',
    also: (place) => `${bad(place)},${bad(place)},${bad(place)}`,
    cause: async (client, place) => {
      await client.xadd(bad(place), '1-1', 'the', 'only');
      await client.call('XSETID', bad(place), '18446744073709551615-18446744073709551613');
    },
    cure: (client, place) => client.del(bad(place)),
  },
  {
    name: 'a target key that the user may not touch',
    reason: 'NOPERM',
    also: (place) => `${fresh(place)},${bad(place)}`,
    cause: (client, place) =>
      acl(client, 'resetkeys', `~${place.stream}`, `~${place.target}`, `~${fresh(place)}`, '~ars:*'),
    cure: (client) => acl(client, 'allkeys'),
    acl: true,
  },
  {
    name: 'a target key that the user may only read',
    reason: 'NOPERM',
    also: (place) => `${fresh(place)},${bad(place)}`,
    cause: (client, place) =>
      acl(
        client,
        'resetkeys',
        `~${place.stream}`,
        `~${place.target}`,
        `~${fresh(place)}`,
        '~ars:*',
        `%R~${bad(place)}`,
      ),
    cure: (client) => acl(client, 'allkeys'),
    acl: true,
  },
  {
    name: 'a target that the user may not append to, after one that is fine',
    reason: 'NOPERM',
    also: (place) => `${place.target},${bad(place)}`,
    cause: (client, place) => acl(client, '-xadd', `+xadd|${place.target}`),
    cure: (client) => acl(client, '+xadd'),
    acl: true,
  },
];

group.each(CLIENTS)('through %s', (library) => {
  const startFold = foldsThrough(library);

  group.each(REFUSALS)('a commit refused for $name', (refusal) => {
    test('leaves nothing behind, stops none before it, lets none pass, and goes on once the cause is gone', async () => {
      const { server, client } = await startOwnServer();
      const place = placeOf('refused');
      const user = refusal.acl === true ? `${USER}:pw@` : '';
      await client.call('ACL', 'SETUSER', USER, 'on', '>pw', 'allkeys', '&*', '+@all');
      await refusal.cause(client, place);
      const causes = await dumpAll(client);
      await writeMessages(
        client,
        place,
        MESSAGES,
        1,
        (n) => (n === CULPRIT ? { also: refusal.also(place) } : {}) as Record<string, string>,
      );

      const fold = await startFold(`redis://${user}127.0.0.1:${server.port}`, place);
      await untilRefused(fold, refusal.reason, 4);
      const broken = refusal.also(place).split(',');
      const except = broken.filter((target) => target !== place.target);
      expect((await expectExact(client, place, { isPartial: true, except })).messages).toBe(CULPRIT - 1);
      expect(await client.exists(fresh(place))).toBe(0);
      expect(await dumpAll(client)).toMatchObject(causes);
      await expectUnchangedByRetries(client, place, fold);

      await refusal.cure(client, place);
      await untilDone(client, place);
      await fold.consumer.caughtUp();
      expect(fold.consumer.stats()).toMatchObject({ messages: MESSAGES, rewinds: 0 });
      report('commit refused', { faults: fold.retries.length, ...(await expectExact(client, place)) });
      expect(new Set(fold.retries.map(({ id }) => id)).size, 'only the culprit was blamed').toBe(1);
    });
  });

  test('a batch of many with several culprits: each is found, and what lies between them commits before it', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('many');
    const culprits = [2, 3, 200, 400, 500];
    for (const n of culprits) await client.set(`bad:${n}`, 'a string');
    const extra = (n: number): Record<string, string> =>
      (culprits.includes(n) ? { also: `good,bad:${n}` } : {}) as Record<string, string>;
    await writeMessages(client, place, 500, 1, extra);
    const fold = await startFold(server.url, place);
    const except = culprits.map((n) => `bad:${n}`);
    for (const n of culprits) {
      const id = (await client.xrange(place.stream, '-', '+', 'COUNT', n))[n - 1]![0];
      await waitFor(
        () => fold.retries.some((retry) => retry.id === id && retry.attempt >= 2),
        `message ${n} to be refused twice`,
      );
      const { messages } = await expectExact(client, place, { isPartial: true, except });
      expect(messages).toBe(n - 1);
      await client.del(`bad:${n}`);
    }
    await untilDone(client, place);
    report('commit refused', { faults: fold.retries.length, ...(await expectExact(client, place)) });
  });

  test('a message whose commits are refused uses up its attempts; then the consumer ends, with all before it committed', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('attempts');
    await client.set(bad(place), 'a string');
    await writeMessages(client, place, 60, 1, (n) => (n === 50 ? { also: bad(place) } : {}) as Record<string, string>);
    const fold = await startFold(server.url, place, {
      consumer: { retry: { attempts: 4, minDelayMs: 10, maxDelayMs: 20 } },
    });
    await expect(fold.consumer.closed).rejects.toMatchObject({ code: 'ARS_COMMIT', details: { reason: 'WRONGTYPE' } });
    expect(fold.retries.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect(
      report('commit refused', {
        faults: fold.retries.length + 1,
        ...(await expectExact(client, place, { isPartial: true, except: [bad(place)] })),
      }).messages,
    ).toBe(49);
  });

  test('a user who loses the right to append stops at the first message that publishes, and goes on when it is back', async () => {
    const { server, client } = await startOwnServer();
    const place = placeOf('append');
    await acl(client, 'on', '>pw', 'allkeys', '&*', '+@all');
    const fold = await startFold(`redis://${USER}:pw@127.0.0.1:${server.port}`, place);
    await writeMessages(client, place, 95);
    await untilDone(client, place);
    await acl(client, '-xadd');
    await writeMessages(client, place, 100, 96);
    await untilRefused(fold, 'NOPERM', 3);
    expect((await expectExact(client, place, { isPartial: true })).messages).toBe(99);
    await acl(client, '+xadd');
    await untilDone(client, place);
    report('commit refused', { faults: fold.retries.length, ...(await expectExact(client, place)) });
  });

  test('a server out of memory blames no message and changes nothing; when there is memory again all goes on', async () => {
    const { server, client } = await startOwnServer({ args: ['--maxmemory-policy', 'noeviction'] });
    const place = placeOf('memory');
    const fold = await startFold(server.url, place);
    await writeMessages(client, place, 200);
    await untilDone(client, place);
    for (let round = 0; round < 3; round += 1) {
      const filling = writeMessages(client, place, 5_000, 201 + round * 5_000);
      await client.config('SET', 'maxmemory', '1');
      await filling.catch(() => {}); // what was refused is not in the stream
      await waitFor(() => fold.log.some((line) => line.includes('OOM')), 'the consumer to meet OOM');
      await expectExact(client, place, { isPartial: true });
      const before = await dumpAll(client);
      const { recoveries } = fold.consumer.stats();
      await writeRefused(client, place);
      await waitFor(() => fold.consumer.stats().recoveries > recoveries + 1, 'two more looks at the server');
      expect(await dumpAll(client)).toEqual(before);
      await client.config('SET', 'maxmemory', '0');
      await untilDone(client, place);
      report('commit refused', { faults: 1, ...(await expectExact(client, place)) });
      fold.log.length = 0;
    }
    expect(fold.retries).toEqual([]);
    expect(fold.consumer.stats()).toMatchObject({ failures: 0, rewinds: 0 });
  });
});

async function untilRefused(fold: RunningFold, reason: string, times: number): Promise<void> {
  await waitFor(() => fold.retries.some(({ attempt }) => attempt >= times), `a commit to be refused ${times} times`);
  for (const { error } of fold.retries) {
    expect(isArsError(error, 'ARS_COMMIT'), String(error)).toBe(true);
    expect(error).toMatchObject({ details: { reason } });
  }
}

/** Further tries leave every key as it is, but for the record, which counts them. */
async function expectUnchangedByRetries(client: Redis, place: Place, fold: RunningFold): Promise<void> {
  const before = await dumpAll(client, [recordKey(place)]);
  const position = await positionOf(client, place);
  const output = await describe(client, place.target);
  const tries = fold.retries.length;
  await waitFor(() => fold.retries.length > tries + 3, 'further tries');
  expect(await dumpAll(client, [recordKey(place)])).toEqual(before);
  expect(await positionOf(client, place)).toBe(position);
  expect(await describe(client, place.target)).toEqual(output);
}

async function writeRefused(client: Redis, place: Place): Promise<void> {
  await expect(client.xadd(place.stream, '*', 'n', 'none')).rejects.toThrow('OOM');
}
