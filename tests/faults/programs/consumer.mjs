/**
 * One owner of a consumer, as a process that a test may kill, pause or start twice. It runs the build, as users do.
 * The only argument is JSON, see `ChildPlan` in `children.ts`. It tells its parent `{ event: 'claimed' | 'working' |
 * 'pausing' | 'holding' | 'ended' }`, and takes `'stop'` and `'release'`.
 */
import { StreamConsumer } from '@ars/core';
import { fold, initialState } from './fold.mjs';

const plan = JSON.parse(process.argv[2]);
const { place } = plan;
let handled = 0;
let commits = 0;
let release;
const released = new Promise((resolve) => (release = resolve));

const tell = (message) => process.connected && process.send(message, () => {});

function handle(message, transaction) {
  handled += 1;
  if (handled === 1) tell({ event: 'working' });
  if (handled === plan.dieInHandler) process.kill(process.pid, 'SIGKILL');
  if (handled === plan.pauseInHandler) pause();
  if (handled !== plan.holdInHandler) return fold(message, transaction, place.target, plan.by);
  tell({ event: 'holding' });
  return released.then(() => fold(message, transaction, place.target, plan.by));
}

function pause() {
  tell({ event: 'pausing' });
  process.kill(process.pid, 'SIGSTOP');
}

const store =
  plan.client === 'ioredis'
    ? (await import('@ars/ioredis')).createIoredisStore(plan.url, plan.store)
    : (await import('@ars/node-redis')).createNodeRedisStore(plan.url, plan.store);
const consumer = new StreamConsumer({
  store,
  stream: place.stream,
  consumerId: place.consumerId,
  state: initialState,
  handler: handle,
  batch: { maxMessages: plan.maxMessages ?? 1000 },
  leaseMs: plan.leaseMs ?? 10_000,
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
consumer.on('claimed', () => tell({ event: 'claimed' }));
consumer.on('commit', () => {
  commits += 1;
  if (commits === plan.dieAtCommit) process.kill(process.pid, 'SIGKILL');
});
process.on('message', (message) => (message === 'release' ? release() : void consumer.stop()));
process.on('disconnect', () => process.exit(2));

let code;
try {
  await consumer.start();
  await consumer.closed;
} catch (error) {
  code = error.code ?? String(error);
}
const { rewinds, recoveries } = consumer.stats();
await store.close();
await new Promise((resolve) => process.send({ event: 'ended', code, rewinds, recoveries }, resolve));
process.disconnect();
