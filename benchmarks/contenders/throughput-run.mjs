import { Meter } from '../harness/meter.mjs';
import { RawClient } from '../harness/raw-client.mjs';
import { STOCK, sumOfPublishes, sumOfQuantities } from '../workload.mjs';
import { CONTENDERS } from './contenders.mjs';

/**
 * One run of one contender in this process: first unmeasured on the warm-up stream, then measured from connecting to the
 * last commit. Throws when the stock or the number of published messages is not exactly what the input comes to.
 */
export async function throughputRun(options) {
  const consume = await CONTENDERS[options.contender].load();
  const nothing = async () => {};
  if (options.warmMessages > 0) {
    await consume({
      ...options,
      stream: options.warmStream,
      messages: options.warmMessages,
      id: `${options.id}-warm`,
      out: `${options.out}-warm`,
      started: nothing,
      finished: nothing,
    });
  }
  const meter = await Meter.open(options.url);
  let measured;
  const result = await consume({
    ...options,
    started: () => meter.start(),
    finished: async () => (measured = await meter.stop()),
  });
  await check(options, result);
  const { rss, heapUsed } = process.memoryUsage();
  const { messages } = options;
  return {
    rate: messages / measured.seconds,
    clientUs: measured.clientUs / messages,
    serverUs: measured.serverUs / messages,
    rss,
    heapUsed,
  };
}

async function check({ url, contender, out, messages, publishEvery }, { stock }) {
  const client = await RawClient.connect(url);
  const published = await client.call('XLEN', out);
  await client.call('DEL', out, `${out}-warm`);
  client.close();
  if (STOCK - stock !== sumOfQuantities(messages)) throw new Error(`${contender} ended with a stock of ${stock}`);
  const expected = sumOfPublishes(messages, publishEvery);
  if (published !== expected) throw new Error(`${contender} published ${published} messages, not ${expected}`);
}
