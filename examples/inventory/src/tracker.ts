import { type Logger, StreamConsumer, type StreamStore } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { createMemoryStore } from '@ars/memory';

/** The streams of one run of this example. */
export interface Streams {
  readonly sales: string;
  readonly restockAlerts: string;
}

/** Called at the end of each message, when everything is staged and nothing is committed. */
export type BeforeCommit = (sale: number) => unknown;

const silent = (): void => {};
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Redis if `REDIS_URL` is set, otherwise the memory of this process. */
export function createStore(): StreamStore {
  const { REDIS_URL } = process.env;
  return REDIS_URL ? createIoredisStore(REDIS_URL) : createMemoryStore();
}

/** The whole application: stock goes down with each sale; at 10 or less, an alert goes out. */
export function createTracker(store: StreamStore, { sales, restockAlerts }: Streams, beforeCommit: BeforeCommit) {
  return new StreamConsumer({
    store,
    stream: sales,
    consumerId: 'inventory-tracker',
    state: { stock: 20 },
    logger: quiet,
    handler: (sale, transaction) => {
      const { state } = transaction;
      state.stock -= Number(sale.quantity);
      if (state.stock <= 10) transaction.publish(restockAlerts, { stock: state.stock });
      return beforeCommit(Number(sale.number));
    },
  });
}
