import { Meter } from '../harness/meter.mjs';
import { RawClient } from '../harness/raw-client.mjs';
import { fillStream, STOCK } from '../workload.mjs';
import { ars } from './ars.mjs';

/** The cost of a message behind many others: the consumer's position is stored at the end first, unmeasured. */
export async function lengthRun(options) {
  const server = await RawClient.connect(options.url);
  await ars({ ...options, more: { startFrom: 'end' } });
  await fillStream(server, options.stream, { messages: options.messages });
  const meter = await Meter.open(options.url);
  let measured;
  await meter.start();
  const { stock } = await ars({
    ...options,
    finished: async () => (measured = await meter.stop()),
  });
  await server.call('DEL', options.out);
  server.close();
  if (stock === STOCK) throw new Error('nothing was handled');
  const { messages } = options;
  return {
    rate: messages / measured.seconds,
    clientUs: measured.clientUs / messages,
    serverUs: measured.serverUs / messages,
    ...process.memoryUsage(),
  };
}
