/**
 * One owner of a keyed consumer, as a process that a test kills. It runs the build, as users do. The only argument is
 * JSON, see `KeyedPlan` in `keyed.test.ts`. It tells its parent 'working' with its first message, and ends on 'stop'.
 */
import { StreamConsumer } from '@ars/core';
import { createIoredisStore } from '@ars/ioredis';

const plan = JSON.parse(process.argv[2]);
const store = createIoredisStore(plan.url);
let handled = 0;
let commits = 0;

const consumer = new StreamConsumer({
  store,
  stream: plan.stream,
  consumerId: 'keyed',
  key: ({ key }) => key,
  concurrency: plan.concurrency,
  state: { count: 0, hash: 7, recent: [] },
  stateCache: { maxKeys: plan.maxKeys },
  batch: { maxMessages: plan.maxMessages },
  logger: { debug() {}, info() {}, warn() {}, error() {} },
  handler: async ({ n, key }, transaction) => {
    const order = (handled += 1);
    if (order === 1) process.send('working', () => {});
    const { state } = transaction;
    state.recent.push(n);
    if (plan.concurrency > 1) await new Promise((resolve) => setTimeout(resolve, (Number(n) * 7) % 4));
    if (order === plan.dieInHandler) process.kill(process.pid, 'SIGKILL');
    if (state.recent.length > 3) state.recent.shift();
    state.count += 1;
    state.hash = (state.hash * 31 + Number(n)) % 1_000_003;
    if (Number(n) % 5 === 0) transaction.publish(plan.target, { n, key, count: state.count, hash: state.hash });
  },
});
consumer.on('commit', () => {
  commits += 1;
  if (commits === plan.dieAtCommit) process.kill(process.pid, 'SIGKILL');
});
process.on('message', () => void consumer.stop());
process.on('disconnect', () => process.exit(2));

await consumer.start();
await consumer.closed;
await store.close();
process.disconnect();
