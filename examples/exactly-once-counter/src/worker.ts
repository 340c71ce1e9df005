// One process of the chain: a producer or a consumer. It may be killed at any moment, and is started again as it is.
import { setTimeout as sleep } from 'node:timers/promises';
import { isArsError, StreamProducer } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { type ConsumerName, createConsumer } from './chain.js';
import type { Streams } from './streams.js';
import { orderOf } from './order.js';

/** What a worker is told, as its only argument. */
export interface WorkerPlan {
  readonly name: string;
  readonly url: string;
  readonly streams: Streams;
  /** Producers: the first order to write. */
  readonly from: number;
}

const { name, url, streams, from } = JSON.parse(process.argv[2]!) as WorkerPlan;
const store = createIoredisStore(url);
const stopping = new AbortController();
process.on('SIGTERM', () => stopping.abort());
process.on('disconnect', () => process.exit(1)); // the supervisor is gone

if (name.startsWith('producer')) await produce();
else await consume();
await store.close();
process.exit(0);

async function consume(): Promise<void> {
  const consumer = createConsumer(name as ConsumerName, store, streams);
  stopping.signal.addEventListener('abort', () => void consumer.stop());
  await consumer.start();
  await consumer.closed;
}

async function produce(): Promise<void> {
  const producer = new StreamProducer({ store });
  for (let number = from; !stopping.signal.aborted; number += 1) {
    const order = orderOf(name, number);
    while (!(await isWritten(() => producer.publish(streams.orders, order, { idempotencyKey: order.order }))))
      await sleep(20);
    await new Promise((resolve) => process.send!(number, resolve));
    await sleep(2);
  }
}

/** A write whose answer is lost may have happened; with an idempotency key it is simply done again. */
async function isWritten(write: () => Promise<unknown>): Promise<boolean> {
  try {
    await write();
    return true;
  } catch (error) {
    if (isArsError(error, 'ARS_STORE_UNAVAILABLE')) return false;
    throw error;
  }
}
