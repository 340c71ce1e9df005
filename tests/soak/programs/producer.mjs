/**
 * One producer of the soak: `{ role, client, url, from, atOnce, poisonEvery }` as its only argument. It writes orders `from`, `from + 1`, …
 * each with an idempotency key, again and again until it is acknowledged, and tells its parent `{ event: 'acked', n }`:
 * all up to `n` are in the stream. On `'quiet'` it ends what is in hand and tells `{ event: 'quiet' }`; on `'go'` it goes on.
 */
import { isArsError, StreamProducer } from '@ars/core';
import { createStore } from './store.mjs';

const { role, client, url, from, atOnce, poisonEvery } = JSON.parse(process.argv[2]);
const store = await createStore(client, url);
const producer = new StreamProducer({ store });
const tell = (message) => process.connected && process.send(message, () => {});
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let isQuiet = false;
let isEnding = false;
let resume = () => {};
process.on('SIGTERM', () => {
  isEnding = true;
  resume();
});
process.on('disconnect', orphaned);
process.on('message', (message) => {
  isQuiet = message === 'quiet';
  if (!isQuiet) resume();
});

function orderOf(n) {
  const kind =
    n % poisonEvery === poisonEvery >> 1 ? 'poison' : n % 60 === 0 ? 'bad' : n % 45 === 7 ? 'flaky' : 'plain';
  return { p: role, n, account: `k${(n * 7919) % 23}`, amount: (n * 31) % 100, kind };
}

async function publish(n) {
  for (;;) {
    try {
      return await producer.publish('orders', orderOf(n), { idempotencyKey: `${role}${n}` });
    } catch (error) {
      if (!isArsError(error, 'ARS_STORE_UNAVAILABLE')) throw error;
      if (isEnding) return undefined;
      await sleep(20);
    }
  }
}

tell({ event: 'claimed' });
for (let n = from; !isEnding; n += atOnce) {
  const ids = await Promise.all(Array.from({ length: atOnce }, (_, index) => publish(n + index)));
  if (ids.includes(undefined)) break;
  tell({ event: 'acked', n: n + atOnce - 1 });
  if (isQuiet && !isEnding) {
    const resumed = new Promise((resolve) => (resume = resolve));
    tell({ event: 'quiet' });
    await resumed;
  }
  await sleep(5);
}
await store.close();
process.off('disconnect', orphaned);
if (process.connected) process.disconnect();

function orphaned() {
  process.exit(2);
}
