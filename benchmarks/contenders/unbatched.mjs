import { STOCK } from '../workload.mjs';
import { connect } from './connections.mjs';
import { messageOf, Orders } from './orders.mjs';

/** The loop that one writes first: read one message, commit it in a MULTI with position, state and what it publishes. */
export async function naive(options) {
  const { client, url, stream, id, out, publishEvery, messages, handled, finished, keepGoing = false } = options;
  const redis = await connect(client, url);
  const orders = new Orders(publishEvery, handled);
  let position = '0-0';
  if (keepGoing) options.ready();
  for (let left = messages; left > 0 || keepGoing;) {
    const read = keepGoing ? redis.wait : redis.read;
    for (const [entryId, fields] of await read(stream, position, 1)) {
      orders.handle(messageOf(fields));
      const { fields: changed, published } = orders.take();
      const commands = [['HSET', `hand:${id}`, 'position', entryId, ...changed]];
      if (published.length > 0) commands.push(append(out, published));
      await redis.transact(commands);
      position = entryId;
      left -= 1;
    }
  }
  await finished();
  redis.close();
  return { stock: orders.stock };
}

/** A consumer group: 100 messages a read, a MULTI of acknowledgement and writes a message. */
export async function consumerGroup(options) {
  const { client, url, stream, id, out, publishEvery, messages, handled, finished } = options;
  const redis = await connect(client, url);
  await redis.call('XGROUP', 'CREATE', stream, id, '0');
  let stock = STOCK;
  for (let left = messages; left > 0;) {
    for (const [entryId, fields] of await redis.readGroup(stream, id, 100)) {
      const message = messageOf(fields);
      const commands = [['XACK', stream, id, entryId], ...changesOf(message, id, out, publishEvery)];
      await redis.transact(commands);
      stock -= Number(message.quantity);
      handled();
      left -= 1;
    }
  }
  await finished();
  await redis.call('XGROUP', 'DESTROY', stream, id);
  redis.close();
  return { stock };
}

/** The work of one message as increments, for contenders that keep no state of their own. */
export function changesOf(message, id, out, publishEvery) {
  const commands = [
    ['HINCRBY', `hand:${id}`, 'stock', `-${message.quantity}`],
    ['HINCRBY', `hand:${id}`, message.sku, String(message.quantity)],
  ];
  const orders = new Orders(publishEvery);
  orders.handle(message);
  const { published } = orders.take();
  if (published.length > 0) commands.push(append(out, published));
  return commands;
}

function append(out, [sku, orderId]) {
  return ['XADD', out, '*', 'sku', sku, 'order_id', orderId];
}
