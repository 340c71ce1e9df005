import { setTimeout as sleep } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { readBooks } from './books.js';
import { CONSUMERS } from './chain.js';
import type { Streams } from './streams.js';
import { judge } from './checker.js';
import type { RunningRedis } from './redis.js';
import { Supervised } from './supervisor.js';
import { type Result, Victims } from './victims.js';

/** Nothing may arrive for so long before the rest counts as lost. */
const STANDSTILL_MS = 30_000;

/** Every producer and consumer is a process of its own; any of them, and our own server, is killed at random. */
export async function runOnRedis(redis: RunningRedis, milliseconds: number): Promise<Result> {
  const serverWord =
    redis.crash === undefined ? 'the Redis of REDIS_URL' : 'a Redis server of our own, which is killed too';
  console.log(`Two producers and three consumers, five processes, on ${serverWord}.`);
  // A Redis that is not ours remembers earlier runs, so each run has streams of its own.
  const run = `once-${Date.now()}`;
  const streams = {
    orders: `${run}-orders`,
    payments: `${run}-payments`,
    ledger: `${run}-ledger`,
    statements: `${run}-statements`,
  };
  const producers = ['producer-a', 'producer-b'].map((name) => new Supervised(name, redis.url, streams));
  const consumers = CONSUMERS.map((name) => new Supervised(name, redis.url, streams));

  let serverKills = 0;
  const victims = new Victims([...producers, ...consumers].map((worker) => () => worker.kill()));
  if (redis.crash !== undefined) {
    const { crash } = redis;
    victims.add(async () => {
      serverKills += 1;
      await crash();
    });
  }
  await victims.killFor(milliseconds);

  // A short run on a slow machine may have killed them before they wrote anything.
  for (let left = STANDSTILL_MS; left > 0 && producers.some(({ written }) => written === 0); left -= 50)
    await sleep(50);
  for (const producer of producers) await producer.stop();
  await untilDrained(redis.url, streams);
  for (const consumer of consumers) await consumer.stop();

  const written = new Map(producers.map((producer) => [producer.name, producer.written]));
  const kills = new Map([...producers, ...consumers].map((worker) => [worker.name, worker.kills]));
  if (redis.crash !== undefined) kills.set('redis-server', serverKills);
  return { kills, verdict: judge(await readBooks(redis.url, streams), written) };
}

/** Waits until as many statements as orders are there, for as long as any arrive. */
async function untilDrained(url: string, { orders, statements }: Streams): Promise<void> {
  const client = new Redis(url);
  let arrived = -1;
  for (let since = Date.now(); Date.now() - since < STANDSTILL_MS; await sleep(50)) {
    const count = await client.xlen(statements);
    if (count >= (await client.xlen(orders))) break;
    if (count !== arrived) since = Date.now();
    arrived = count;
  }
  client.disconnect();
}
