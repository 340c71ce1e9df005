import { isArsError, type Logger, StreamConsumer, type StreamDefinition, StreamProducer } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { createMemoryStore } from '@ars/memory';
import { createStreams, type Order } from './streams.js';

const { REDIS_URL } = process.env;
const store = REDIS_URL ? createIoredisStore(REDIS_URL) : createMemoryStore();
// Redis remembers earlier runs, so each run has streams of its own.
const { orders, tolerantOrders, invoices } = createStreams(REDIS_URL ? `:${Date.now()}` : '');
const silent = (): void => {};
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Invoices orders. Message, state and what may be published are typed; the compiler refuses everything else. */
function createInvoicing(stream: StreamDefinition<never, Order>) {
  return new StreamConsumer({
    store,
    stream,
    consumerId: 'invoicing',
    state: { invoiced: 0 },
    logger: quiet,
    handler: ({ id, placed, currency, lines }, transaction) => {
      const cents = lines.reduce((sum, { quantity, cents }) => sum + quantity * cents, 0);
      transaction.state.invoiced += 1;
      const total = `${(cents / 100).toFixed(2)} ${currency}`;
      transaction.publish(invoices, { order: id, year: placed.getUTCFullYear(), total });
    },
  });
}

/** The places that made a message invalid; anything else is thrown on. */
function invalidAt(error: unknown): string {
  if (!isArsError(error, 'ARS_MESSAGE_VALIDATION')) throw error;
  return String(error.details.paths);
}

const producer = new StreamProducer({ store });
const tea = { sku: 'tea', quantity: 2, cents: 450 };
await producer.publish(orders, { id: 1, placed: '2026-01-05T09:00:00Z', lines: [tea] });
await producer.publish(orders, { id: 2, placed: '2026-01-06T09:00:00Z', currency: 'CHF', lines: [tea, tea] });
await producer
  .publish(orders, { id: 3, placed: '2026-01-07T09:00:00Z', lines: [{ ...tea, quantity: -1 }] })
  .catch((error: unknown) => console.log(`Order 3 is not published: invalid at ${invalidAt(error)}`));

// Another program, which knows nothing of the schema, writes a quantity as text.
const foreign = { id: 4, placed: '2026-01-08T09:00:00Z', lines: [{ ...tea, quantity: '7' }] };
await producer.publish(orders.name, { json: JSON.stringify(foreign) });
await producer.publish(orders, { id: 5, placed: '2026-01-09T09:00:00Z', lines: [tea] });

const strict = createInvoicing(orders);
await strict.start();
await strict.closed.catch((error: unknown) => console.log(`Order 4 ends the consumer: invalid at ${invalidAt(error)}`));
console.log(`Invoiced and committed before it: ${strict.state.invoiced}`);

const tolerant = createInvoicing(tolerantOrders);
await tolerant.start();
await tolerant.caughtUp();
await tolerant.stop();
console.log(`With a schema that takes text too, it goes on: ${tolerant.state.invoiced} invoiced\n`);

const printer = new StreamConsumer({
  store,
  stream: invoices,
  consumerId: 'printer',
  handler: ({ order, year, total }) => console.log(`Invoice ${year}/${order}: ${total}`),
});
await printer.start();
await printer.caughtUp();
await printer.stop();
await store.close();
