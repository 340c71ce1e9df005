/** The work that every contender does: orders take from one stock and count a total for each of 1,000 skus. */

/** How many skus there are; each total is a state field of its own. */
export const SKUS = 1_000;

/** The stock before the first order. */
export const STOCK = 1_000_000_000;

/** Names of the workloads, and for every how many messages each publishes one; 0 is never. */
export const WORKLOADS = { W0: 0, W10: 10, W100: 1 };

/** What all quantities together come to; every run is checked against it. */
export function sumOfQuantities(messages) {
  const thirds = Math.floor(messages / 3);
  return thirds * 6 + (messages % 3 > 0 ? 1 : 0) + (messages % 3 > 1 ? 2 : 0);
}

/** How many messages a run publishes; every run is checked against it. */
export function sumOfPublishes(messages, publishEvery) {
  return publishEvery === 0 ? 0 : Math.ceil(messages / publishEvery);
}

/** Whether this order is one that is published. Order IDs count from 0. */
export function isPublished(orderId, publishEvery) {
  return publishEvery !== 0 && Number(orderId) % publishEvery === 0;
}

/** The state with all totals declared, as a user of the library would. */
export function initialState() {
  const state = { stock: STOCK };
  for (let sku = 0; sku < SKUS; sku += 1) state[`sku-${sku}`] = 0;
  return state;
}

/** Fills a stream inside the server: `messages` orders, each padded to about `bytes` when that is given. */
export async function fillStream(client, stream, { messages, bytes = 0, from = 0 }) {
  const padding = bytes === 0 ? '' : 'x'.repeat(Math.max(1, bytes - 40));
  const chunk = Math.max(100, Math.min(10_000, Math.floor(10_000_000 / (bytes + 100))));
  for (let start = from; start < from + messages; start += chunk) {
    const end = Math.min(from + messages, start + chunk);
    await client.call('EVAL', FILL, '1', stream, String(start), String(end - 1), String(SKUS), padding);
  }
}

const FILL = `
local random = (tonumber(ARGV[1]) * 48271 + 11) % 2147483647
for order = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  random = (random * 48271) % 2147483647
  local fields = {'sku', 'sku-' .. random % tonumber(ARGV[3]), 'quantity', 1 + order % 3, 'order_id', order}
  if ARGV[4] ~= '' then fields[7], fields[8] = 'note', ARGV[4] end
  redis.call('XADD', KEYS[1], '*', unpack(fields))
end`;
