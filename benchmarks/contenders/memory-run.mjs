import { encodeFields, decodeFields, StreamConsumer } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
// The tracked state is internal, and this compares the library with itself less its loop, so it is imported by path.
import { TrackedState } from '../../packages/core/dist/state/tracked-state.js';
import { initialState, isPublished, sumOfQuantities, STOCK } from '../workload.mjs';

/**
 * The memory store against a plain loop over an array, which calls the same handler on the same tracked state with its
 * undo log: what is left is what reading, batching and committing cost. The first half of the messages is not measured:
 * the engine compiles code while it runs.
 */
export async function memoryRun({ contender, messages, publishEvery }) {
  const run = contender === 'plain' ? plainLoop : memoryStore;
  const watch = new Watch(messages);
  const stock = await run(messages * 2, publishEvery, watch);
  const { seconds, cpuUs } = watch;
  if (STOCK - stock !== sumOfQuantities(messages * 2)) throw new Error(`ended with a stock of ${stock}`);
  return { rate: messages / seconds, clientUs: cpuUs / messages };
}

/** Counts messages, and measures time and CPU from the last one that is not measured until it is stopped. */
class Watch {
  seconds;
  cpuUs;
  #left;
  #start = 0;
  #cpu;

  constructor(unmeasured) {
    this.#left = unmeasured;
  }

  handled() {
    this.#left -= 1;
    if (this.#left !== 0) return;
    this.#cpu = process.cpuUsage();
    this.#start = performance.now();
  }

  stop() {
    const { user, system } = process.cpuUsage(this.#cpu);
    this.seconds = (performance.now() - this.#start) / 1_000;
    this.cpuUs = user + system;
  }
}

async function memoryStore(messages, publishEvery, watch) {
  const store = createMemoryStore();
  for (let order = 0; order < messages; order += 1) await store.append({ stream: 'in', fields: fieldsOf(order) });
  globalThis.gc(); // what filling the stream has left is not to be collected in measured time
  const consumer = new StreamConsumer({
    store,
    stream: 'in',
    consumerId: 'memory',
    state: initialState,
    handler: (message, transaction) => {
      handle(message, transaction, publishEvery);
      watch.handled();
    },
  });
  await consumer.start();
  await consumer.caughtUp();
  watch.stop();
  const { stock } = consumer.state;
  await consumer.stop();
  await store.close();
  return stock;
}

async function plainLoop(messages, publishEvery, watch) {
  const entries = Array.from({ length: messages }, (_, order) => fieldsOf(order));
  globalThis.gc();
  const state = new TrackedState({ defaults: initialState, undefinedProperties: 'deleted' });
  const published = [];
  for (const [index, fields] of entries.entries()) {
    const scope = state.open();
    const transaction = { state: scope.root, publish: (stream, message) => published.push(encodeFields(message)) };
    handle(decodeFields(fields), transaction, publishEvery);
    watch.handled();
    scope.demandNothingLost();
    scope.close();
    if (index % 1_000 === 999) state.forget(state.mark);
  }
  watch.stop();
  return Number(state.copyAsOf(state.mark).stock);
}

function handle(message, transaction, publishEvery) {
  const { state } = transaction;
  const quantity = Number(message.quantity);
  state.stock -= quantity;
  state[message.sku] += quantity;
  if (isPublished(message.order_id, publishEvery))
    transaction.publish('out', { sku: message.sku, order_id: message.order_id });
}

function fieldsOf(order) {
  const sku = `sku-${(order * 48_271) % 1_000}`;
  return ['sku', sku, 'quantity', String(1 + (order % 3)), 'order_id', String(order)];
}
