import { type Fields, type Logger, Persistable, StreamConsumer, StreamProducer } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { createMemoryStore } from '@ars/memory';

const { REDIS_URL } = process.env;
const store = REDIS_URL ? createIoredisStore(REDIS_URL) : createMemoryStore();
// Redis remembers earlier runs, so each run has a stream of its own.
const stream = REDIS_URL ? `example:orders:${Date.now()}` : 'orders';

// The attributes are the state: they commit with each message, and every start restores them.
class OrderCounter extends Persistable.with({ orders: 0, revenue: 0 }) {
  readonly uniqueId = 'order-counter';

  handle(order: Fields): unknown {
    this.orders += 1;
    this.revenue += Number(order.price);
    return undefined;
  }
}

// Stands for a process that crashes in the middle of its third message, after it has changed the state. It does not die
// (with it the memory store would), it freezes, which is the harder case: it may wake up when another has taken over.
class FreezingCounter extends OrderCounter {
  wakeUp = (): void => {};

  override async handle(order: Fields): Promise<void> {
    super.handle(order);
    if (this.orders === 3) await new Promise<void>((resolve) => (this.wakeUp = resolve));
  }
}

const silent = (): void => {};
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };

function createConsumer(handler: OrderCounter): StreamConsumer {
  return new StreamConsumer({ store, stream, consumerId: 'order-counter', handler, logger: quiet });
}

function show(when: string, consumer: StreamConsumer): void {
  console.log(`${when.padEnd(40)} ${JSON.stringify(consumer.state)}`);
}

const producer = new StreamProducer({ store });
for (const price of [10, 20, 30, 40, 50]) await producer.publish(stream, { price });

const handler = new FreezingCounter();
const frozen = createConsumer(handler);
const hasCommittedTwo = new Promise<void>((resolve) => {
  frozen.on('commit', () => frozen.state.orders === 2 && resolve());
});
await frozen.start();
await hasCommittedTwo;
show('frozen in the middle of the third order:', frozen);

const restarted = createConsumer(new OrderCounter());
restarted.on('claimed', () => show('another process has taken over:', restarted));
await restarted.start(); // no waiting for a lease: from here on the frozen one is fenced
await restarted.caughtUp();
show('it has handled the rest:', restarted);

handler.wakeUp();
const error: unknown = await frozen.closed.catch((reason: unknown) => reason);
console.log(`the frozen one wakes up, and commits:    ${(error as Error).name}`);
show('in the end:', restarted);

await restarted.stop();
await store.close();
