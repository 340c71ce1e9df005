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

/**
 * Keyed state: first every one of `keys` keys is given a state, unmeasured; then messages of random keys among the first
 * `active` are handled by a consumer that has started anew, so with nothing loaded. Tells what a message costs, what the client holds, how long it starts.
 */
export async function keyedRun({ url, client, keys, active, messages, maxKeys }) {
  const server = await RawClient.connect(url);
  const store = await openStore(client, url);
  const open = () =>
    new StreamConsumer({
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
  await fill(server, { messages: keys, keys, mode: 'each' });
  await use(open(), (consumer) => consumer.caughtUp());
  await fill(server, { messages: Math.floor(messages / 3), keys: active, mode: 'random' });
  await use(open(), (consumer) => consumer.caughtUp());
  await fill(server, { messages, keys: active, mode: 'random' });
  globalThis.gc?.();
  const heapBefore = process.memoryUsage().heapUsed;
  const meter = await Meter.open(url);
  const before = performance.now();
  let result;
  await use(open(), async (consumer) => {
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
