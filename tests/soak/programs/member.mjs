/**
 * One process of a consumer of the soak: `{ role, client, url }` as its only argument. It runs the build, as users do.
 * SIGTERM stops it gracefully. Exit codes: 0 stopped, 3 the store was not reachable at the start, 4 fenced, 1 all else;
 * it tells its parent `{ event: 'claimed' | 'ended', code, error, stats }`.
 */
import { StreamConsumer } from '@ars/core';
import { consumers } from './consumers.mjs';
import { createStore } from './store.mjs';

const { role, client, url } = JSON.parse(process.argv[2]);
const tell = (message) => process.connected && process.send(message, () => {});

const silent = () => {};
const store = await createStore(client, url);
const consumer = new StreamConsumer({
  store,
  consumerId: role,
  retry: { minDelayMs: 1, maxDelayMs: 300 },
  stopTimeoutMs: 4_000,
  logger: { debug: silent, info: silent, warn: silent, error: silent },
  ...consumers[role],
});
consumer.on('claimed', () => tell({ event: 'claimed' }));
process.on('SIGTERM', () => void consumer.stop());
process.on('disconnect', orphaned);

let failure;
let isStarted = false;
try {
  await consumer.start();
  isStarted = true;
  await consumer.closed;
} catch (error) {
  failure = error;
}
process.exitCode = exitCode(failure);
const { messages, commits, recoveries, rewinds, deadLetters } = consumer.stats();
tell({
  event: 'ended',
  code: failure?.code ?? null,
  error: failure === undefined ? null : describe(failure),
  stats: { messages, commits, recoveries, rewinds, deadLetters },
});
await store.close();
process.off('disconnect', orphaned);
if (process.connected) process.disconnect();

function exitCode(error) {
  if (error === undefined || error.code === 'ARS_STOPPED') return 0;
  if (error.code === 'ARS_FENCED') return 4;
  return error.code === 'ARS_STORE_UNAVAILABLE' && !isStarted ? 3 : 1;
}

function describe(error) {
  const causes = [];
  for (let cause = error; cause instanceof Error && causes.length < 4; cause = cause.cause) {
    causes.push(`${cause.name}: ${cause.message}`);
  }
  const [first] = causes;
  return [first, ...causes.slice(1), error.stack?.split('\n').slice(1, 5).join(' ')].join(' <- ');
}

function orphaned() {
  process.exit(2);
}
