import { StreamConsumer } from '@ars/core';
import { Meter } from '../harness/meter.mjs';
import { RawClient } from '../harness/raw-client.mjs';
import { openStore } from './ars.mjs';

/** A stream of orders whose customers are uniformly random, made inside the server. */
const FILL = `
local random = tonumber(ARGV[4])
for order = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  random = (random * 48271) % 2147483647
  local customer = random % tonumber(ARGV[3])
  if ARGV[5] == 'each' then customer = order end
  redis.call('XADD', KEYS[1], '*', 'customer', customer, 'amount', 1 + order % 3)
end`;

/** Gives every one of `keys` keys a state. In a process of its own, whose heap and compiled code then are no part of what is measured. */
export async function keyedFill({ url, client, keys, maxKeys }) {
  const server = await RawClient.connect(url);
  const store = await openStore(client, url);
  await fill(server, { messages: keys, keys, mode: 'each' });
  await use(consumerOf(store, maxKeys), (consumer) => consumer.caughtUp());
  await store.close();
  server.close();
}

/**
 * Messages of random keys among the first `active` are handled by a consumer that has started anew, so with nothing
 * loaded, in a process that has handled as many before. Tells what a message costs, what the client holds, how long it starts.
 */
export async function keyedRun({ url, client, active, messages, maxKeys }) {
  const server = await RawClient.connect(url);
  const store = await openStore(client, url);
  await fill(server, { messages, keys: active, mode: 'random' });
  await use(consumerOf(store, maxKeys), (consumer) => consumer.caughtUp());
  await fill(server, { messages, keys: active, mode: 'random' });
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const meter = await Meter.open(url);
  const before = performance.now();
  let result;
  await use(consumerOf(store, maxKeys), async (consumer) => {
    const startMs = performance.now() - before;
    await meter.start();
    await consumer.caughtUp();
    const { seconds, clientUs, serverUs } = await meter.stop();
    const { rss, heapUsed } = process.memoryUsage();
    result = { startMs, rate: messages / seconds, clientUs: clientUs / messages, serverUs: serverUs / messages, rss };
    result.heapGrowth = heapUsed - heapBefore;
  });
  server.close();
  return { ...result, totalUs: result.clientUs + result.serverUs };
}

function consumerOf(store, maxKeys) {
  return new StreamConsumer({
    store,
    stream: 'in',
    consumerId: 'keyed',
    key: (message) => message.customer,
    state: { orders: 0, amount: 0 },
    stateCache: { maxKeys },
    handler: (message, { state }) => {
      state.orders += 1;
      state.amount += Number(message.amount);
    },
  });
}

async function use(consumer, work) {
  await consumer.start();
  await work(consumer);
  await consumer.stop();
}

async function fill(server, { messages, keys, mode }) {
  for (let from = 0; from < messages; from += 10_000) {
    const to = Math.min(messages, from + 10_000) - 1;
    await server.call('EVAL', FILL, '1', 'in', String(from), String(to), String(keys), String(from * 7 + 13), mode);
  }
}
