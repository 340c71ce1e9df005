/**
 * One owner of a consumer with dead letters, as a process that some of its messages kill, or a test. It runs the build,
 * as users do. The only argument is JSON, see `VictimPlan` in `victims.ts`. It tells its parent `{ event: 'working' |
 * 'ended' }`, and takes `'stop'`.
 */
import { setTimeout } from 'node:timers/promises';
import { StreamConsumer } from '@ars/core';

const plan = JSON.parse(process.argv[2]);
const tell = (message) => process.connected && process.send(message, () => {});
let handled = 0;

async function handle({ n }, transaction) {
  handled += 1;
  if (handled === 1) tell({ event: 'working' });
  transaction.state.count += 1;
  transaction.state.sum += Number(n);
  if (plan.deadly?.includes(n)) process.kill(process.pid, 'SIGKILL');
  if (plan.delayMs) await setTimeout(plan.delayMs);
  if (plan.failing?.includes(n)) throw new Error('this one fails each time');
  transaction.publish(plan.target, { n, stream: transaction.entry.stream, count: transaction.state.count });
}

const store =
  plan.client === 'ioredis'
    ? (await import('@ars/ioredis')).createIoredisStore(plan.url)
    : (await import('@ars/node-redis')).createNodeRedisStore(plan.url);
const consumer = new StreamConsumer({
  store,
  stream: plan.streams,
  consumerId: plan.consumerId,
  deadLetter: plan.deadLetter,
  retry: { attempts: plan.attempts, minDelayMs: 1, maxDelayMs: 5 },
  state: { count: 0, sum: 0 },
  handler: handle,
  batch: { maxMessages: plan.maxMessages ?? 1000 },
  leaseMs: plan.leaseMs ?? 300,
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
process.on('message', () => void consumer.stop());
process.on('disconnect', () => process.exit(2));

let code;
try {
  await consumer.start();
  await consumer.closed;
} catch (error) {
  code = error.code ?? String(error);
}
await store.close();
await new Promise((resolve) => process.send({ event: 'ended', code }, resolve));
process.disconnect();
