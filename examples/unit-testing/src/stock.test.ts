// oxlint-disable typescript/no-floating-promises -- node:test waits for its tests itself
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Fields, type Logger, StreamConsumer, type Transaction } from '@ars/core';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import { HandlerVerificationError, verifyHandler } from '@ars/testkit';
import { fullStock, handleSale } from './stock.js';

const silent = (): void => {};
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };

function stockOn(store: MemoryStore) {
  const retry = { attempts: 1 };
  return new StreamConsumer({
    store,
    stream: 'sales',
    consumerId: 'stock',
    state: fullStock,
    handler: handleSale,
    retry,
    logger: quiet,
  });
}

test('sales lower the stock, and alerts go out at three or less', async () => {
  const store = createMemoryStore();
  for (const quantity of [4, 3, 1]) store.add('sales', { quantity });
  const stock = stockOn(store);
  await stock.start();
  await stock.caughtUp();
  assert.deepEqual(stock.state, { left: 2, sales: 3 });
  const alerts = store.entries('restock-alerts').map(({ message }) => message.left);
  assert.deepEqual(alerts, ['3', '2']);
  await stock.stop();
});

test('a sale of more than there is ends the consumer and changes nothing', async () => {
  const store = createMemoryStore();
  for (const quantity of [8, 5]) store.add('sales', { quantity });
  const stock = stockOn(store);
  await stock.start();
  await assert.rejects(stock.closed, { code: 'ARS_HANDLER' });
  assert.deepEqual(stock.state, { left: 2, sales: 1 });
  assert.equal(store.entries('restock-alerts').length, 1);
});

test('a restart goes on where the last one ended', async () => {
  const store = createMemoryStore();
  for (const quantity of [1, 2]) {
    store.add('sales', { quantity });
    const stock = stockOn(store);
    await stock.start();
    await stock.caughtUp();
    await stock.stop();
  }
  const stock = stockOn(store);
  await stock.start();
  assert.deepEqual(stock.state, { left: 7, sales: 2 });
  await stock.stop();
});

const sales = [1, 2, 1, 3, 1, 1].map((quantity) => ({ quantity }));

test('whatever fails and whenever, the result is the same', async () => {
  const report = await verifyHandler(handleSale, sales, { state: fullStock });
  assert.deepEqual(report.state, { left: 1, sales: 6 });
  assert.deepEqual(report.published['restock-alerts'], [{ left: '3' }, { left: '2' }, { left: '1' }]);
});

test('a handler that counts in a variable is found out', async () => {
  let count = 0;
  const forgetful = (_: Fields, transaction: Transaction): void =>
    transaction.publish('counts', { count: (count += 1) });
  await assert.rejects(verifyHandler(forgetful, sales), HandlerVerificationError);
});
