import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Fields, StreamConsumer } from '@ars/core';
import type { Redis } from 'ioredis';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { waitFor } from '../support/wait.js';
import { createStore } from './clients.js';
import { isCommit, loadCommit, loseEvery } from './faulty.js';
import {
  between,
  isSoak,
  placeOf,
  positionOf,
  seededRandom,
  startOwnProxy,
  startOwnServer,
  untilDone,
} from './harness.js';
import { report } from './report.js';
import type { Place } from './checker.js';

/** What one owner process is told; see `programs/keyed-consumer.mjs`. */
interface KeyedPlan {
  readonly url: string;
  readonly stream: string;
  readonly target: string;
  readonly concurrency: number;
  readonly maxKeys: number;
  readonly maxMessages: number;
  readonly dieInHandler?: number;
  readonly dieAtCommit?: number;
}

const PROGRAM = fileURLToPath(new URL('programs/keyed-consumer.mjs', import.meta.url));
const KILLS = isSoak ? 200 : 21;
const PER_LIFE = 120;
const KEYS = 60;

const alive = new Set<ChildProcess>();
afterEach(() => {
  for (const child of alive) child.kill('SIGKILL');
});

function startChild(plan: KeyedPlan): ChildProcess {
  const child = fork(PROGRAM, [JSON.stringify(plan)], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  alive.add(child);
  child.once('exit', () => alive.delete(child));
  return child;
}

const exitOf = (child: ChildProcess): Promise<NodeJS.Signals | null> =>
  new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));

async function write(client: Redis, { stream }: Place, from: number, count: number): Promise<void> {
  const pipeline = client.pipeline();
  for (let n = from; n < from + count; n += 1) pipeline.xadd(stream, '*', 'n', n, 'key', `k${(n * 17) % KEYS}`);
  await pipeline.exec();
}

/** Reads every key of the keyed state with a plain client, and computes by itself what must be there. */
async function expectExact(client: Redis, place: Place, isPartial = false): Promise<number> {
  const [record, stateKey] = ['consumer', 'keyed'].map((kind) => `ars:{${place.stream}}:${kind}:${place.stream}:keyed`);
  const transaction = client.multi();
  transaction.hgetall(stateKey!);
  transaction.hget(record!, `position:${place.stream}`);
  transaction.xrange(place.stream, '-', '+');
  transaction.xrange(place.target, '-', '+');
  const answers = (await transaction.exec())!.map(([, answer]) => answer);
  const [stored, position, entries, outputs] = answers as [Record<string, string>, string | null, Entry[], Entry[]];
  const done = entries.findIndex(([id]) => id === position) + 1;
  if (!isPartial) expect(done).toBe(entries.length);
  const states: Record<string, { count: number; hash: number; recent: string[] }> = {};
  const expected: string[] = [];
  for (const [, [, n, , key]] of entries.slice(0, done)) {
    const state = (states[key!] ??= { count: 0, hash: 7, recent: [] });
    state.count += 1;
    state.hash = (state.hash * 31 + Number(n)) % 1_000_003;
    state.recent = [...state.recent, n!].slice(-3);
    if (Number(n) % 5 === 0) expected.push(`${n} ${key} ${state.count} ${state.hash}`);
  }
  const found = Object.entries(stored).filter(([name]) => name.startsWith('a:'));
  const read = found.map(([name, value]) => [name.slice(2), JSON.parse(value.slice(value.indexOf('{'))) as unknown]);
  expect(Object.fromEntries(read)).toEqual(states);
  expect(outputs.map(([, [, n, , key, , count, , hash]]) => `${n} ${key} ${count} ${hash}`)).toEqual(expected);
  return done;
}

type Entry = [id: string, fields: string[]];

test(
  `a keyed consumer killed ${KILLS} times leaves every key exact, whatever its cache and its concurrency`,
  async () => {
    const random = seededRandom();
    const { server, client } = await startOwnServer();
    const place = placeOf('killed-keys');
    const base = { url: server.url, stream: place.stream, target: place.target };
    let written = 1;
    for (let life = 0; life < KILLS; life += 1) {
      const writing = write(client, place, written, PER_LIFE);
      written += PER_LIFE;
      const plan = {
        ...base,
        concurrency: [1, 4, 16][life % 3]!,
        maxKeys: [1, 5, 1_000][between(random, 0, 2)]!,
        maxMessages: between(random, 1, 40), // so that there are three commits at least
      };
      const isInHandler = random() < 0.5;
      const child = startChild(
        isInHandler
          ? { ...plan, dieInHandler: between(random, 1, PER_LIFE) }
          : { ...plan, dieAtCommit: between(random, 1, 3) },
      );
      expect(await exitOf(child), `life ${life}`).toBe('SIGKILL');
      await writing;
      await expectExact(client, place, true);
    }
    const last = startChild({ ...base, concurrency: 8, maxKeys: 10, maxMessages: 100 });
    await untilDone(client, { ...place, consumerId: 'keyed' });
    const ended = exitOf(last);
    last.send('stop');
    expect(await ended).toBeNull();
    const messages = await expectExact(client, place);
    expect(report('process killed', { faults: KILLS, messages }).messages).toBe(KILLS * PER_LIFE);
  },
  isSoak ? 900_000 : 120_000,
);

test.each([1, 8])(
  'lost replies and cut connections under load leave every key exact, and no message handled twice (%i at once)',
  async (concurrency) => {
    const { server, client } = await startOwnServer();
    const place = { ...placeOf(`lossy-keys-${concurrency}`), consumerId: 'keyed' };
    await loadCommit(client);
    const proxy = await startOwnProxy(server);
    const lost = loseEvery(proxy, 4, isCommit);
    const runs = new Map<string, number>();
    const store = createStore('ioredis', proxy.url, { connectTimeoutMs: 2_000, commandTimeoutMs: 2_000 });
    const consumer = new StreamConsumer({
      store,
      stream: place.stream,
      consumerId: 'keyed',
      concurrency,
      key: ({ key }: Fields) => key!,
      state: { count: 0, hash: 7, recent: [] as string[] },
      stateCache: { maxKeys: 7 },
      batch: { maxMessages: 20 },
      logger: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} },
      handler: async ({ n, key }, transaction) => {
        const { state, entry } = transaction;
        runs.set(entry.id, (runs.get(entry.id) ?? 0) + 1);
        state.count += 1;
        state.hash = (state.hash * 31 + Number(n)) % 1_000_003;
        state.recent.push(n!);
        if (concurrency > 1) await new Promise((resolve) => setImmediate(resolve));
        if (state.recent.length > 3) state.recent.shift();
        if (Number(n) % 5 !== 0) return;
        transaction.publish(place.target, { n: n!, key: key!, count: state.count, hash: state.hash });
      },
    });
    onTestFinished(async () => {
      await consumer.stop();
      await store.close();
    });
    await consumer.start();
    for (let n = 1; n <= 2_000; n += 100) {
      await write(client, place, n, 100);
      if (n % 500 === 1) proxy.cutAll();
    }
    await untilDone(client, place);
    await consumer.caughtUp();
    await waitFor(async () => (await positionOf(client, place)) !== null, 'a position');
    expect(lost()).toBeGreaterThan(10);
    expect(Math.max(...runs.values())).toBe(1);
    expect(consumer.stats().rewinds).toBe(0);
    const messages = await expectExact(client, place);
    expect(report('reply lost or connection cut', { faults: lost(), messages }).messages).toBe(2_000);
  },
  60_000,
);
