// What a user's ESM program does: publish, consume with state, stop, start again; once with every serializer there is.
import { StreamConsumer, StreamProducer, strictJson } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { createMemoryStore } from '@ars/memory';
import { msgpackSerializer } from '@ars/msgpack';
import { createNodeRedisStore } from '@ars/node-redis';
import * as protocol from '@ars/redis-protocol';
import { superjsonSerializer } from '@ars/superjson';
import * as testkit from '@ars/testkit';

const stores = [createIoredisStore, createNodeRedisStore].map((create) => create('redis://localhost:6379'));
for (const store of stores) await store.close(); // never connected

/** With a Map and a Date where the serializer can keep them. */
const richState = () => ({ total: 0, seen: new Map([['none', new Date(0)]]) });
const plainState = () => ({ total: 0 });

async function run(serializer, state) {
  const store = createMemoryStore();
  const producer = new StreamProducer({ store });
  const consume = async () => {
    const consumer = new StreamConsumer({
      store,
      stream: 'sales',
      consumerId: 'tracker',
      serializer,
      state,
      handler: (sale, transaction) => {
        transaction.state.total += Number(sale.quantity);
        transaction.state.seen?.set(sale.quantity, new Date(1));
        transaction.publish('totals', { total: transaction.state.total });
      },
    });
    await consumer.start();
    await consumer.caughtUp();
    await consumer.stop();
    return { ...consumer.state };
  };
  await producer.publish('sales', { quantity: 1 }, { idempotencyKey: '1' });
  await producer.publish('sales', { quantity: 1 }, { idempotencyKey: '1' });
  const first = await consume();
  await producer.publish('sales', { quantity: 2 });
  const second = await consume();
  return { serializer: serializer.name, totals: [first.total, second.total], seen: [...(second.seen?.keys() ?? [])] };
}

const results = [];
for (const [serializer, state] of [
  [strictJson, plainState],
  [superjsonSerializer, richState],
  [msgpackSerializer, richState],
])
  results.push(await run(serializer, state));
const hasAll = Object.keys(protocol).length > 0 && Object.keys(testkit).length > 0;
console.log(JSON.stringify({ hasAll, results }));
