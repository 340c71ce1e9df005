import { encodeFields, decodeFields, StreamConsumer } from '@ars/core';
import { createMemoryStore } from '@ars/memory';
// The tracked state is internal, and this compares the library with itself less its loop, so it is imported by path.
import { TrackedState } from '../../packages/core/dist/state/tracked-state.js';
import { initialState, isPublished, sumOfQuantities, STOCK } from '../workload.mjs';

/**
 * The memory store against a plain loop over an array, which calls the same handler on the same tracked state with its
 * undo log: what is left is what reading, batching and committing cost.
 */
export async function memoryRun({ contender, messages, publishEvery }) {
  const run = contender === 'plain' ? plainLoop : memoryStore;
  await run(Math.floor(messages / 3), publishEvery);
  return run(messages, publishEvery);
}

async function memoryStore(messages, publishEvery) {
  const store = createMemoryStore();
  for (let order = 0; order < messages; order += 1) await store.append({ stream: 'in', fields: fieldsOf(order) });
  const consumer = new StreamConsumer({
    store,
    stream: 'in',
    consumerId: 'memory',
    state: initialState,
    handler: (message, transaction) => handle(message, transaction, publishEvery),
  });
  const before = process.cpuUsage();
  const start = performance.now();
  await consumer.start();
  await consumer.caughtUp();
  const result = finish(messages, start, before, consumer.state.stock);
  await consumer.stop();
  await store.close();
  return result;
}

async function plainLoop(messages, publishEvery) {
  const entries = Array.from({ length: messages }, (_, order) => fieldsOf(order));
  const state = new TrackedState({ defaults: initialState, undefinedProperties: 'deleted' });
  const before = process.cpuUsage();
  const start = performance.now();
  const published = [];
  for (const [index, fields] of entries.entries()) {
    const scope = state.open();
    const transaction = { state: scope.root, publish: (stream, message) => published.push(encodeFields(message)) };
    handle(decodeFields(fields), transaction, publishEvery);
    scope.demandNothingLost();
    scope.close();
    if (index % 1_000 === 999) state.forget(state.mark);
  }
  return finish(messages, start, before, state.copyAsOf(state.mark).stock);
}

function finish(messages, start, before, stock) {
  const seconds = (performance.now() - start) / 1_000;
  const cpu = process.cpuUsage(before);
  if (STOCK - stock !== sumOfQuantities(messages)) throw new Error(`ended with a stock of ${stock}`);
  const clientUs = (cpu.user + cpu.system) / messages;
  return { rate: messages / seconds, clientUs, perCpuSecond: 1e6 / clientUs };
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
