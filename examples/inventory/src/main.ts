import { StreamConsumer, StreamProducer } from '@ars/core';
import { crashDuring } from './crash.js';
import { createStore, createTracker } from './tracker.js';

const SALES = [1, 2, 3, 4, 5, 6, 7, 8];
const CRASH = 5;

const store = createStore();
// Redis remembers earlier runs, so each run has streams of its own.
const run = process.env.REDIS_URL ? `:${Date.now()}` : '';
const streams = { sales: `example:sales${run}`, restockAlerts: `example:restock-alerts${run}` };

const producer = new StreamProducer({ store });
for (const number of SALES) await producer.publish(streams.sales, { number, quantity: 2 });
console.log('In the stream: 8 sales of 2 items. In stock: 20. At 10 or less, each sale publishes a restock alert.');

const calls = await crashDuring(CRASH, store, streams);
console.log(`Crash in the middle of sale ${CRASH}: stock lowered to 10, alert published, nothing of that committed.`);

const tracker = createTracker(store, streams, (sale) => void calls.push(sale));
tracker.on('claimed', () =>
  console.log(`Restart: the stock is ${tracker.state.stock}, and sale ${CRASH} comes again.\n`),
);
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

/** What there would be if each of these sales had its effect once, at once, in this order. */
function outcomeOf(sales: readonly number[]): string {
  const stocks = sales.map((_, index) => 20 - 2 * (index + 1));
  return outcome(
    stocks.at(-1),
    stocks.filter((stock) => stock <= 10),
  );
}

function outcome(stock: number | undefined, reported: readonly number[]): string {
  return `${String(stock).padEnd(8)}${reported.join(' ')}`;
}

function row(label: string, result: string, remark = ''): void {
  console.log(`${label.padEnd(30)}${result.padEnd(21)}${remark}`.trimEnd());
}

const expected = outcomeOf(SALES);
const found = outcome(tracker.state.stock, alerts);
const isExact = found === expected;
row('', 'stock   alerts');
row('every sale once', expected);
row('effects first, then position', outcomeOf(calls), 'sale 5 counted twice');
row('position first, then effects', outcomeOf(SALES.filter((sale) => sale !== CRASH)), 'sale 5 lost');
row('@ars', found, isExact ? 'exact' : 'WRONG');

// In memory, the consumer that stands for the killed process still hangs in its handler.
process.exit(isExact ? 0 : 1);
