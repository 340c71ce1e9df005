/**
 * Consumes a stream of large entries and tells how much memory that took beyond what it started with, in MB. Runs the
 * build, with --expose-gc. The only argument is JSON: client, url, stream, target, count, isSlow.
 */
import { StreamConsumer } from '@ars/core';

const { client, url, stream, target, count, isSlow } = JSON.parse(process.argv[2]);
const store =
  client === 'ioredis'
    ? (await import('@ars/ioredis')).createIoredisStore(url)
    : (await import('@ars/node-redis')).createNodeRedisStore(url);

globalThis.gc();
const before = process.memoryUsage();
const growth = { rss: 0, heapUsed: 0, external: 0 };
function measure() {
  const now = process.memoryUsage();
  for (const kind of Object.keys(growth))
    growth[kind] = Math.max(growth[kind], Math.round((now[kind] - before[kind]) / 1e6));
}

let handled = 0;
const consumer = new StreamConsumer({
  store,
  stream,
  consumerId: 'large',
  state: { bytes: 0 },
  handler: (message, transaction) => {
    handled += 1;
    transaction.state.bytes += message.body.length;
    if (handled % 50 === 0) transaction.publish(target, { handled });
    measure();
    return isSlow ? new Promise((resolve) => setTimeout(resolve, 2)) : undefined;
  },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
await consumer.start();
await consumer.caughtUp();
const { bytes } = consumer.state;
await consumer.stop();
await store.close();
globalThis.gc();
const left = Math.round((process.memoryUsage().heapUsed - before.heapUsed) / 1e6);
await new Promise((resolve) => process.send({ handled, bytes, growth, left, wanted: count }, resolve));
process.disconnect();
