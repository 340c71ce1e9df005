import { setTimeout as pause } from 'node:timers/promises';
import { encode, RawClient } from '../harness/raw-client.mjs';
import { CONTENDERS } from './contenders.mjs';

/** Consumes until it is killed; says when it is ready. */
export async function consumeForever(options) {
  const consume = await CONTENDERS[options.contender].load();
  const ready = () => process.send({ kind: 'said', value: 'ready' });
  await consume({ ...options, keepGoing: true, messages: 0, ready });
}

/**
 * Appends orders at a rate, and watches on another connection for what the consumer publishes for them. Resolves with
 * the milliseconds from sending XADD to seeing the commit, of what was sent after the first second.
 */
export async function probe({ url, stream, out, rate, seconds, publishEvery }) {
  const writer = await RawClient.connect(url);
  const watcher = await RawClient.connect(url);
  const sentAt = new Map();
  const latencies = [];
  const orders = Math.floor(rate * (seconds + 1));
  let isSending = true;
  const [last] = await watcher.call('XREVRANGE', out, '+', '-', 'COUNT', '1');
  const watching = watch(watcher, out, last?.[0] ?? '0-0', (order) => {
    const at = sentAt.get(order);
    sentAt.delete(order);
    if (Number(order) >= rate) latencies.push(performance.now() - at);
    return isSending || sentAt.size > 0;
  });
  await send(writer, stream, { orders, rate, publishEvery, sentAt });
  isSending = false;
  const isAllSeen = await Promise.race([watching.then(() => true), pause(10_000, false)]);
  writer.close();
  watcher.close();
  return { latencies, missing: isAllSeen ? 0 : sentAt.size };
}

async function send(writer, stream, { orders, rate, publishEvery, sentAt }) {
  const start = performance.now();
  const failures = [];
  for (let order = 0; order < orders;) {
    const due = Math.min(orders, Math.floor(((performance.now() - start) / 1_000) * rate) + 1);
    for (; order < due; order += 1) {
      const fields = ['sku', `sku-${(order * 48_271) % 1_000}`, 'quantity', '1', 'order_id', String(order)];
      if (order % publishEvery === 0) sentAt.set(String(order), performance.now());
      writer.send(encode(['XADD', stream, '*', ...fields])).catch((error) => failures.push(error));
    }
    const nextAt = start + (order / rate) * 1_000;
    await pause(Math.max(1, nextAt - performance.now()));
  }
  await writer.call('PING');
  if (failures.length > 0) throw failures[0];
}

async function watch(watcher, out, position, isSeen) {
  for (let goesOn = true; goesOn;) {
    const reply = await watcher
      .call('XREAD', 'COUNT', '1000', 'BLOCK', '1000', 'STREAMS', out, position)
      .catch(() => []);
    if (reply === null) continue;
    if (reply.length === 0) return;
    for (const [id, fields] of reply[0][1]) {
      position = id;
      goesOn = isSeen(fields[fields.indexOf('order_id') + 1]);
    }
  }
}
