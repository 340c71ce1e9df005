/**
 * One of several processes of one consumer, of which one owns it and the others stand by. It runs the build, as users
 * do, and stops on SIGTERM, as a deploy does. The only argument is JSON, see `MemberPlan` in `members.ts`. It tells its
 * parent `{ event: 'standby' | 'claimed' | 'working' | 'pausing' | 'blocked' | 'aborted' | 'ended' }`.
 */
import { existsSync } from 'node:fs';
import { StreamConsumer } from '@ars/core';
import { fold, initialState } from './fold.mjs';

const plan = JSON.parse(process.argv[2]);
const { place } = plan;
let handled = 0;

const tell = (message) => process.connected && process.send(message, () => {});

function handle(message, transaction) {
  handled += 1;
  if (handled === 1) tell({ event: 'working' });
  if (handled === plan.pauseInHandler) {
    tell({ event: 'pausing' });
    process.kill(process.pid, 'SIGSTOP');
  }
  fold(message, transaction, place.target, plan.by);
  if (handled === plan.blockInHandler) block();
  if (handled === plan.waitInHandler) return untilAborted(transaction);
}

/** The loop is the fault itself: no timer, no heartbeat and no answer gets through. */
function block() {
  tell({ event: 'blocked' });
  const end = performance.now() + (plan.blockMs ?? Number.POSITIVE_INFINITY);
  while (performance.now() < end && (plan.blockUntil === undefined || !existsSync(plan.blockUntil)));
}

/** Waits for the signal, as a handler should that takes long. */
function untilAborted({ signal }) {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => {
      tell({ event: 'aborted', code: signal.reason?.code });
      reject(signal.reason);
    });
    tell({ event: 'blocked' });
  });
}

const store =
  plan.client === 'ioredis'
    ? (await import('@ars/ioredis')).createIoredisStore(plan.url)
    : (await import('@ars/node-redis')).createNodeRedisStore(plan.url);
const consumer = new StreamConsumer({
  store,
  stream: place.stream,
  consumerId: place.consumerId,
  state: initialState,
  handler: handle,
  standby: plan.standby ?? true,
  batch: { maxMessages: plan.maxMessages ?? 1000 },
  leaseMs: plan.leaseMs,
  logger: { debug() {}, info() {}, warn() {}, error() {} },
});
consumer.on('standby', () => tell({ event: 'standby' }));
consumer.on('claimed', () => tell({ event: 'claimed' }));
process.on('SIGTERM', () => void consumer.stop());
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
