import { StreamConsumer, StreamProducer } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { createMemoryStore } from '@ars/memory';

const { REDIS_URL } = process.env;
const store = REDIS_URL ? createIoredisStore(REDIS_URL) : createMemoryStore();
// Redis remembers earlier runs, so each run has streams of its own.
const run = REDIS_URL ? `:${Date.now()}` : '';
const orders = `example:orders${run}`;
const invoices = `example:invoices${run}`;

const producer = new StreamProducer({ store });
for (const order of ['A', 'B', 'C']) await producer.publish(orders, { order });

// Invoice numbers must have no holes and none may come twice. The address book fails twice for order B, after the
// number was taken and the invoice published.
let failuresLeft = 2;
async function checkAddress(order: string | undefined): Promise<void> {
  if (order !== 'B' || failuresLeft === 0) return;
  failuresLeft -= 1;
  throw new Error('the address book does not answer');
}

const invoicer = new StreamConsumer({
  store,
  stream: orders,
  consumerId: 'invoicer',
  state: { lastNumber: 0 },
  retry: { minDelayMs: 1 },
  handler: async ({ order }, transaction) => {
    transaction.state.lastNumber += 1;
    transaction.publish(invoices, { number: transaction.state.lastNumber, order });
    console.log(`order ${order}: takes number ${transaction.state.lastNumber}, publishes the invoice`);
    await checkAddress(order); // throws: the number is free again, and the invoice was never published
  },
});
invoicer.on('retry', ({ error }) => console.log(`         fails: ${(error as Error).message}`));
await invoicer.start();
await invoicer.caughtUp();
await invoicer.stop();

const published: string[] = [];
const reader = new StreamConsumer({
  store,
  stream: invoices,
  consumerId: 'reader',
  handler: ({ number, order }) => published.push(`${number} for ${order}`),
});
await reader.start();
await reader.caughtUp();
await reader.stop();
console.log(`in the stream of invoices: ${published.join(', ')}`);

await store.close();
