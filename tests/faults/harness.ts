import { StreamConsumer, type Fields, type StreamConsumerOptions, type Transaction } from '@ars/core';
import type { IoredisStoreOptions } from '@ars/ioredis';
import { Redis } from 'ioredis';
import { onTestFailed, onTestFinished } from 'vitest';
import { startProxy, type FaultProxy } from '../support/proxy.js';
import { startServer, type ServerOptions, type TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';
import { recordKey, type Place } from './checker.js';
import { createStore, type Address, type ClientKind } from './clients.js';
import { fold, initialState } from './programs/fold.mjs';

/** Whether the long variants run. */
export const isSoak: boolean = process.env['ARS_SOAK'] === '1';

/** A random source of numbers in [0, 1) that a seed replays; the seed is printed when the test fails. */
export function seededRandom(): () => number {
  const seed = Number(process.env['ARS_SEED'] ?? Date.now() % 1_000_000);
  onTestFailed(() => console.error(`seed: run again with ARS_SEED=${seed}`));
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** A whole number from `min` to `max`. */
export function between(random: () => number, min: number, max: number): number {
  return min + Math.floor(random() * (max - min + 1));
}

/** A server of the test's own and a client that looks at it from outside; both end with the test. */
export async function startOwnServer(options: ServerOptions = {}): Promise<{ server: TestServer; client: Redis }> {
  const server = await startServer(options);
  const client = connectClient(server.url);
  onTestFinished(async () => {
    client.disconnect();
    await server.stop();
  });
  return { server, client };
}

/** A plain client that waits for as long as the server is away. It ends with the test. */
export function connectClient(url: string): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50, maxLoadingRetryTime: 1 });
  client.on('error', () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

/** A proxy that ends with the test. */
export async function startOwnProxy(server: TestServer): Promise<FaultProxy> {
  const proxy = await startProxy(server.port);
  onTestFinished(() => proxy.close());
  return proxy;
}

/** The names of one fold. */
export function placeOf(name: string): Place {
  return { stream: name, consumerId: 'fold', target: `${name}:out` };
}

/** Writes messages `from` … `from + count - 1`; `extra` adds fields to some. Resolves when all are acknowledged. */
export async function writeMessages(
  client: Redis,
  place: Place,
  count: number,
  from = 1,
  extra: (n: number) => Record<string, string> = () => ({}),
): Promise<void> {
  for (let start = from; start < from + count; start += 500) {
    const pipeline = client.pipeline();
    for (let n = start; n < Math.min(start + 500, from + count); n += 1) {
      pipeline.xadd(place.stream, '*', ...messageFields(n, extra(n)));
    }
    for (const [error] of (await pipeline.exec())!) if (error) throw error;
  }
}

/** The fields of message `n`. */
export function messageFields(n: number, extra: Record<string, string> = {}): string[] {
  const fields = { n: `m${n}`, key: `k${(n * 7919) % 23}`, amount: String((n * 31) % 100), ...extra };
  return Object.entries(fields).flat();
}

type FoldState = ReturnType<typeof initialState>;

/** How a consumer in the test's own process differs from the default. */
export interface FoldOptions {
  readonly store?: IoredisStoreOptions;
  readonly consumer?: Partial<StreamConsumerOptions<FoldState, string>>;
  /** Called before each message is folded in. */
  readonly before?: (message: Fields, transaction: Transaction<FoldState>) => unknown;
  /** Default true. */
  readonly isStarted?: boolean;
}

/** A consumer in the test's own process, with what it has told. */
export interface RunningFold {
  readonly consumer: StreamConsumer<FoldState, string>;
  /** How often the handler was called, by entry ID. */
  readonly runs: Map<string, number>;
  /** What it logged, warnings and errors. */
  readonly log: string[];
  readonly retries: { id: string; attempt: number; error: unknown }[];
  readonly commits: number[];
  readonly rewinds: { from: readonly unknown[]; to: readonly unknown[] }[];
}

/** Starts the fold as a consumer in this process; it stops with the test. */
export type StartFold = (address: Address, place: Place, options?: FoldOptions) => Promise<RunningFold>;

/** What starts the fold on one client library. */
export function foldsThrough(client: ClientKind): StartFold {
  return (address, place, options = {}) => startFold(client, address, { place, options });
}

async function startFold(
  client: ClientKind,
  address: Address,
  { place, options }: { place: Place; options: FoldOptions },
): Promise<RunningFold> {
  const timeouts = { connectTimeoutMs: 2_000, commandTimeoutMs: 2_000 };
  const store = createStore(client, address, { ...timeouts, ...options.store });
  const log: string[] = [];
  const runs = new Map<string, number>();
  const note = (message: string): number => log.push(message);
  const consumer = new StreamConsumer<FoldState, string>({
    store,
    stream: place.stream,
    consumerId: place.consumerId,
    state: initialState,
    handler: (message, transaction) => {
      runs.set(transaction.entry.id, (runs.get(transaction.entry.id) ?? 0) + 1);
      const waiting = options.before?.(message, transaction);
      if (!(waiting instanceof Promise)) return fold(message, transaction, place.target);
      return waiting.then(() => fold(message, transaction, place.target));
    },
    retry: { minDelayMs: 10, maxDelayMs: 50 },
    stopTimeoutMs: 2_000,
    logger: { debug: () => {}, info: () => {}, warn: note, error: note },
    ...options.consumer,
  });
  const fold_: RunningFold = { consumer, runs, log, retries: [], commits: [], rewinds: [] };
  consumer.on('retry', (event) => fold_.retries.push(event));
  consumer.on('commit', ({ messages }) => fold_.commits.push(messages));
  consumer.on('rewound', (event) => fold_.rewinds.push(event));
  consumer.closed.catch((error: unknown) => log.push(`ended with: ${String(error)}`));
  onTestFailed(() => console.error(`log of "${place.stream}":\n${log.slice(-15).join('\n')}`));
  onTestFinished(async () => {
    await consumer.stop();
    await store.close();
  });
  if (options.isStarted !== false) await consumer.start();
  return fold_;
}

/** The handler calls beyond the first of each entry, by entry ID. */
export function repeatedRuns({ runs }: RunningFold): Record<string, number> {
  return Object.fromEntries([...runs].filter(([, count]) => count > 1));
}

/** Waits until the consumer has committed the last entry of its stream, as the server tells it: as long as it gets on. */
export async function untilDone(client: Redis, place: Place): Promise<void> {
  for (let before: string | null = null; ;) {
    const last = await client.xrevrange(place.stream, '+', '-', 'COUNT', 1);
    if (before !== null && before === last[0]?.[0]) return;
    const moved = async (): Promise<string | undefined> => {
      const position = await positionOf(client, place);
      return position === null || position === before ? undefined : position;
    };
    before = await waitFor(moved, `the consumer of "${place.stream}" to go on after ${before}`, 20_000);
  }
}

/** The committed position, as stored. */
export async function positionOf(client: Redis, place: Place): Promise<string | null> {
  return client.hget(recordKey(place), `position:${place.stream}`);
}

/**
 * Every key with its whole content; equal maps mean that nothing at all has changed. Hashes are listed by field, since
 * the order in which a server serializes them may change although they do not.
 */
export async function dumpAll(client: Redis, except: readonly string[] = []): Promise<Record<string, string>> {
  const dump: Record<string, string> = {};
  for (const key of (await client.keys('*')).sort()) {
    if (!except.includes(key)) dump[key] = await contentOf(client, key);
  }
  return dump;
}

async function contentOf(client: Redis, key: string): Promise<string> {
  if ((await client.type(key)) !== 'hash') return (await client.dumpBuffer(key)).toString('base64');
  const fields = Object.entries(await client.hgetallBuffer(key));
  return fields
    .map(([field, value]) => JSON.stringify([field, value.toString('base64')]))
    .sort()
    .join();
}
