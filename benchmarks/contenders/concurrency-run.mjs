import { StreamConsumer } from '@ars/core';
import { RawClient } from '../harness/raw-client.mjs';
import { fillStream } from '../workload.mjs';
import { openStore } from './ars.mjs';

/** Handlers that wait 5 ms each: how many messages a second, one after another or several keys at a time. */
export async function concurrencyRun({ url, client, messages, concurrency }) {
  const server = await RawClient.connect(url);
  await fillStream(server, 'in', { messages });
  server.close();
  const store = await openStore(client, url);
  const consumer = new StreamConsumer({
    store,
    stream: 'in',
    consumerId: `waits-${concurrency}`,
    key: (message) => message.order_id,
    state: { handled: 0 },
    ...(concurrency === 1 ? {} : { concurrency }),
    handler: async (_, { state }) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      state.handled += 1;
    },
  });
  const start = performance.now();
  await consumer.start();
  await consumer.caughtUp();
  const seconds = (performance.now() - start) / 1_000;
  await consumer.stop();
  return { rate: messages / seconds };
}
