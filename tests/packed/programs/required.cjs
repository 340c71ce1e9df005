// What a user's CommonJS program does. `require` must give the very classes that `import` gives.
const { StreamConsumer, StreamProducer } = require('@ars/core');
const { createMemoryStore } = require('@ars/memory');

async function main() {
  const store = createMemoryStore();
  await new StreamProducer({ store }).publish('sales', { quantity: 2 });
  const consumer = new StreamConsumer({
    store,
    stream: 'sales',
    consumerId: 'tracker',
    state: { total: 0 },
    handler: (sale, transaction) => {
      transaction.state.total += Number(sale.quantity);
    },
  });
  await consumer.start();
  await consumer.caughtUp();
  await consumer.stop();
  const imported = await import('@ars/core');
  console.log(JSON.stringify({ total: consumer.state.total, isSame: imported.StreamConsumer === StreamConsumer }));
}

void main();
