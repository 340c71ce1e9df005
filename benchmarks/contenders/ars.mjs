import { StreamConsumer } from '@ars/core';
import { initialState, isPublished } from '../workload.mjs';

/** The library, used as its README says, with its defaults. */
export async function ars(options) {
  const { client, url, stream, id, finished, batch } = options;
  const store = await openStore(client, url);
  const consumer = new StreamConsumer({
    store,
    stream,
    consumerId: id,
    state: initialState,
    handler: orderHandler(options),
    ...(batch === undefined ? {} : { batch: { maxMessages: batch } }),
    ...options.more,
  });
  await consumer.start();
  if (options.keepGoing) {
    options.ready();
    await consumer.closed;
  }
  await consumer.caughtUp();
  await finished?.();
  const { stock } = consumer.state;
  await consumer.stop();
  await store.close();
  return { stock };
}

/** The handler of the workload. */
export function orderHandler({ out, publishEvery, isAsync = false, handled = () => {} }) {
  const handle = (message, transaction) => {
    const { state } = transaction;
    const quantity = Number(message.quantity);
    state.stock -= quantity;
    state[message.sku] += quantity;
    if (isPublished(message.order_id, publishEvery))
      transaction.publish(out, { sku: message.sku, order_id: message.order_id });
    handled();
  };
  if (!isAsync) return handle;
  return async (message, transaction) => handle(message, transaction);
}

/** The store of a client; only the client that is used is loaded. */
export async function openStore(client, url) {
  if (client === 'ioredis') {
    const { createIoredisStore } = await import('@ars/ioredis');
    return createIoredisStore(url);
  }
  const { createNodeRedisStore } = await import('@ars/node-redis');
  return createNodeRedisStore(url);
}
