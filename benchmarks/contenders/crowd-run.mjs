import { Meter } from '../harness/meter.mjs';
import { ars } from './ars.mjs';

/** Several consumers of one stream in this process, each with a state of its own; resolves when all have read all. */
export async function crowdRun({ count, firstId, ...options }) {
  const meter = await Meter.open(options.url);
  await meter.start();
  const consumers = Array.from({ length: count }, (_, index) => ars({ ...options, id: `${firstId}-${index}` }));
  await Promise.all(consumers);
  const { seconds, clientUs } = await meter.stop();
  return { seconds, clientUs, rss: process.memoryUsage().rss };
}
