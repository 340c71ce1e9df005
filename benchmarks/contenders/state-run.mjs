import { StreamConsumer } from '@ars/core';
import { Meter } from '../harness/meter.mjs';
import { RawClient } from '../harness/raw-client.mjs';
import { fillStream } from '../workload.mjs';
import { openStore } from './ars.mjs';

/** So many of the attributes are in use, or all where there are fewer. */
export const IN_USE = 1_000;

/** The cost of a message that changes one of many attributes, and of a start with all of them stored. */
export async function stateSizeRun({ url, client, attributes, messages }) {
  const server = await RawClient.connect(url);
  const store = await openStore(client, url);
  const defaults = {};
  for (let index = 0; index < attributes; index += 1) defaults[`total-${index}`] = 0;
  const inUse = Math.min(attributes, IN_USE);
  const open = () =>
    new StreamConsumer({
      store,
      stream: 'in',
      consumerId: 'sized',
      state: () => ({ ...defaults }),
      handler: ({ order_id: order }, { state }) => {
        state[`total-${(Number(order) * 48_271) % inUse}`] += 1;
      },
    });
  await fillStream(server, 'in', { messages: 20_000 });
  const first = open();
  await first.start();
  await first.caughtUp();
  await first.stop();
  await fillStream(server, 'in', { messages });
  const consumer = open();
  const meter = await Meter.open(url);
  const before = performance.now();
  await consumer.start();
  const startMs = performance.now() - before;
  await meter.start();
  await consumer.caughtUp();
  const measured = await meter.stop();
  await consumer.stop();
  server.close();
  return {
    startMs,
    rate: messages / measured.seconds,
    clientUs: measured.clientUs / messages,
    serverUs: measured.serverUs / messages,
    rss: process.memoryUsage().rss,
  };
}
