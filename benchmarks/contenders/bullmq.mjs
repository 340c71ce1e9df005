import { Queue, Worker } from 'bullmq';
import { STOCK } from '../workload.mjs';
import { connect } from './connections.mjs';
import { changesOf } from './unbatched.mjs';

/** A queue of equivalent jobs: each takes from the stock, counts, and publishes, in a MULTI of its own. */
export async function bullmq(options) {
  const { url, id, out, publishEvery, messages, concurrency, handled, finished } = options;
  const { hostname, port } = new URL(url);
  const connection = { host: hostname, port: Number(port), maxRetriesPerRequest: null };
  const queue = new Queue(id, { connection, defaultJobOptions: { removeOnComplete: true, removeOnFail: true } });
  for (let from = 0; from < messages; from += 1_000) await queue.addBulk(jobs(from, Math.min(messages, from + 1_000)));
  const redis = await connect('ioredis', url);
  let stock = STOCK;
  let left = messages;
  await new Promise((resolve, reject) => {
    const work = async ({ data }) => {
      await redis.transact(changesOf(data, id, out, publishEvery));
      stock -= data.quantity;
      handled();
    };
    const worker = new Worker(id, work, { connection, concurrency });
    worker.on('completed', () => (left -= 1) === 0 && resolve());
    worker.on('failed', (_, error) => reject(error));
    worker.on('error', reject);
  });
  await finished();
  redis.close();
  return { stock };
}

function jobs(from, to) {
  const list = [];
  for (let order = from; order < to; order += 1) {
    const data = { sku: `sku-${(order * 48_271) % 1_000}`, quantity: 1 + (order % 3), order_id: String(order) };
    list.push({ name: 'order', data });
  }
  return list;
}
