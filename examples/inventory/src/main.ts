import { StreamConsumer, StreamProducer } from '@ars/core';
import { crashDuring } from './crash.js';
import { createStore, createTracker } from './tracker.js';

const store = createStore();
// Redis remembers earlier runs, so each run has streams of its own.
const run = process.env.REDIS_URL ? `:${Date.now()}` : '';
const streams = { sales: `example:sales${run}`, restockAlerts: `example:restock-alerts${run}` };

const SALES = [1, 2, 3, 4, 5, 6, 7, 8];
const CRASH = 5;

const producer = new StreamProducer({ store });
for (const number of SALES) await producer.publish(streams.sales, { number, quantity: 2 });
console.log('In the stream: 8 sales of 2 items. In stock: 20. At 10 or less, each sale publishes a restock alert.');

const calls = await crashDuring(CRASH, store, streams);
console.log('Crash in the middle of sale 5: stock lowered to 10, alert published, nothing of that committed.');

const tracker = createTracker(store, streams, (sale) => void calls.push(sale));
tracker.on('claimed', () => console.log(`Restart: the stock is ${tracker.state.stock}, and sale 5 comes again.`));
await tracker.start();
await tracker.caughtUp();
await tracker.stop();

const alerts: number[] = [];
const auditor = new StreamConsumer({
  store,
  stream: streams.restockAlerts,
  consumerId: 'auditor',
  handler: (alert) => alerts.push(Number(alert.stock)),
});
await auditor.start();
await auditor.caughtUp();
await auditor.stop();

/** The books if each of these sales had its effect once, at once, in this order. */
function books(sales: readonly number[]): string {
  const stocks = sales.map((_, index) => 20 - 2 * (index + 1));
  return line(stocks.at(-1), stocks.filter((stock) => stock <= 10));
}

function line(stock: number | undefined, reported: readonly number[]): string {
  return `${String(stock).padStart(5)}   ${reported.join(' ').padEnd(12)}`;
}

const expected = books(SALES);
const found = line(tracker.state.stock, alerts);
console.log(`
                              stock   alerts
every sale once               ${expected}
effects first, then position  ${books(calls)} sale 5 counted twice
position first, then effects  ${books(SALES.filter((sale) => sale !== CRASH))} sale 5 lost
@ars                          ${found} ${found === expected ? 'exact' : 'WRONG'}`);

process.exit(found === expected ? 0 : 1);
