import { StreamConsumer, StreamProducer } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';
import { createMemoryStore } from '@ars/memory';

const { REDIS_URL } = process.env;
const store = REDIS_URL ? createIoredisStore(REDIS_URL) : createMemoryStore();
// Redis remembers earlier runs, so each run has a stream of its own.
const stream = REDIS_URL ? `example:events:${Date.now()}` : 'events';

// The position is stored under the consumerId: whoever starts under it goes on where the last one stopped.
const createLogger = (): StreamConsumer =>
  new StreamConsumer({
    store,
    stream,
    consumerId: 'logger',
    handler: (event) => console.log(`  ${event.user} ${event.action}`),
  });

const producer = new StreamProducer({ store });
await producer.publish(stream, { user: 'Ada', action: 'signed up' });
await producer.publish(stream, { user: 'Grace', action: 'signed up' });

console.log('first run:');
const first = createLogger();
await first.start();
await first.caughtUp(); // all that was in the stream is handled, and the position is stored
await first.stop();

// An answer got lost? With an idempotencyKey it is safe to publish again: the stream gets one entry.
await producer.publish(stream, { user: 'Ada', action: 'logged in' }, { idempotencyKey: 'login-1' });
await producer.publish(stream, { user: 'Ada', action: 'logged in' }, { idempotencyKey: 'login-1' });

console.log('second run:');
const second = createLogger();
await second.start();
await second.caughtUp();
await second.stop();

await store.close();
