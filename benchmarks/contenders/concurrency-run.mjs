import { StreamConsumer } from '@ars/core';
import { RawClient } from '../harness/raw-client.mjs';
import { fillStream } from '../workload.mjs';
import { openStore } from './ars.mjs';

/** Handlers that wait 5 ms each: how many messages a second, one after another or several keys at a time. */
export async function concurrencyRun({ url, client, messages, concurrency }) {
  await run({ url, client, stream: 'warm', messages: Math.ceil(messages / 5), concurrency });
  return run({ url, client, stream: 'in', messages, concurrency });
}

async function run({ url, client, stream, messages, concurrency }) {
  const server = await RawClient.connect(url);
  await fillStream(server, stream, { messages });
  server.close();
  const store = await openStore(client, url);
  let handled = 0;
  const consumer = new StreamConsumer({
    store,
    stream,
    consumerId: `waits-${concurrency}`,
    key: (message) => message.order_id,
    state: { handled: 0 },
    ...(concurrency === 1 ? {} : { concurrency }),
    handler: async (_, { state }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      state.handled += 1;
      handled += 1;
    },
  });
  await consumer.start();
  const before = process.cpuUsage();
  const start = performance.now();
  await consumer.caughtUp();
  const seconds = (performance.now() - start) / 1_000;
  const cpu = process.cpuUsage(before);
  await consumer.stop();
  await store.close();
  if (handled !== messages) throw new Error(`${handled} messages were handled, not ${messages}`);
  return { rate: messages / seconds, clientUs: (cpu.user + cpu.system) / messages };
}
