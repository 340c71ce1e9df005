import { Meter } from '../harness/meter.mjs';
import { RawClient } from '../harness/raw-client.mjs';
import { STOCK, sumOfPublishes, sumOfQuantities } from '../workload.mjs';
import { CONTENDERS } from './contenders.mjs';

/**
 * One run of one contender in this process: the first `warmMessages` are not measured, since what is asked for is the
 * rate of a process that runs for long, and the engine compiles code while it runs; then `messages` are, up to the last
 * commit. The stream holds both. Throws when the stock or the number of published messages is not exactly what the input
 * comes to.
 */
export async function throughputRun({ warmMessages, ...options }) {
  const { contender, url, messages } = options;
  const consume = await CONTENDERS[contender].load();
  const meter = await Meter.open(url);
  let measured;
  let starting = warmMessages === 0 ? meter.start() : undefined;
  let left = warmMessages;
  const result = await consume({
    ...options,
    messages: warmMessages + messages,
    handled: () => {
      left -= 1;
      if (left === 0) starting = meter.start();
    },
    finished: async () => {
      await starting;
      measured = await meter.stop();
    },
  });
  await check({ ...options, messages: warmMessages + messages }, result);
  const { rss, heapUsed } = process.memoryUsage();
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
  await client.call('DEL', out);
  client.close();
  if (STOCK - stock !== sumOfQuantities(messages)) throw new Error(`${contender} ended with a stock of ${stock}`);
  const expected = sumOfPublishes(messages, publishEvery);
  if (published !== expected) throw new Error(`${contender} published ${published} messages, not ${expected}`);
}
