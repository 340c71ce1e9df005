import { type Codec, defineStream, type Fields, jsonCodec, Persistable, type Transaction } from '@ars/core';
import { expect, test } from 'vitest';
import { HandlerVerificationError, verifyHandler } from '../src/index.js';

const orders = Array.from({ length: 12 }, (_, index) => ({ sku: `sku${index % 3}`, quantity: String(index + 1) }));

type Stock = { total: number; bySku: Record<string, number> };

function sound(order: Fields, transaction: Transaction<Stock>): void {
  const { state } = transaction;
  state.total += Number(order['quantity']);
  state.bySku[order['sku']!] = (state.bySku[order['sku']!] ?? 0) + Number(order['quantity']);
  transaction.publish('totals', { total: state.total });
  if (state.total % 2 === 0) transaction.publish('even', { sku: order['sku']! });
}

async function problemOf(promise: Promise<unknown>): Promise<HandlerVerificationError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(HandlerVerificationError);
  return error as HandlerVerificationError;
}

test('a sound handler passes, and the report tells what it made of the messages', async () => {
  const report = await verifyHandler(sound, orders, { state: { total: 0, bySku: {} } });
  expect(report.state).toEqual({ total: 78, bySku: { sku0: 22, sku1: 26, sku2: 30 } });
  expect(report.published['totals']).toHaveLength(12);
  expect(report.published['totals']!.at(-1)).toEqual({ total: '78' });
  expect(report.runs).toBe(2 + 12 * 6 + 20);
});

test('an asynchronous handler that takes real time passes', async () => {
  const handler = async (order: Fields, transaction: Transaction<Stock>): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, 1));
    sound(order, transaction);
    await Promise.resolve();
  };
  const report = await verifyHandler(handler, orders.slice(0, 4), { state: { total: 0, bySku: {} }, randomRuns: 5 });
  expect(report.state.total).toBe(10);
});

class Counter extends Persistable.with({ count: 0, seen: [] as string[] }) {
  readonly uniqueId = 'counter';
  handle(order: Fields, transaction: Transaction): void {
    this.count += 1;
    this.seen.push(order['sku']!);
    transaction.publish('counts', { count: this.count });
  }
}

test.each([
  ['as a class', Counter],
  ['as an instance', new Counter()],
])('a Persistable passes, %s', async (_, handler) => {
  const report = await verifyHandler<string, { count: number }>(handler as never, orders);
  expect(report.state.count).toBe(12);
  expect(report.published['counts']!.at(-1)).toEqual({ count: '12' });
});

test('no messages are no problem', async () => {
  expect((await verifyHandler(sound, [], { state: { total: 0, bySku: {} } })).published).toEqual({});
});

test('a handler that keeps something in a variable outside is found out', async () => {
  let total = 0;
  const handler = (order: Fields, transaction: Transaction): void => {
    total += Number(order['quantity']);
    transaction.publish('totals', { total });
  };
  const problem = await problemOf(verifyHandler(handler, orders));
  expect(problem).toMatchObject({ problem: 'nondeterministic', messageNumber: 1, scenario: { kind: 'plain' } });
  expect(problem.message).toMatch(/for message 1, it publishes .*'79'.* instead of .*'1'/);
});

test('a handler that keeps something in its own fields is found out', async () => {
  class Forgetful {
    total = 0;
    handle(order: Fields, transaction: Transaction): void {
      this.total += Number(order['quantity']);
      transaction.publish('totals', { total: this.total });
    }
  }
  const problem = await problemOf(verifyHandler(Forgetful, orders));
  expect(problem).toMatchObject({ problem: 'fault-dependent', messageNumber: 1 });
  expect(problem.message).toContain('in a run with a failure at message 1');
});

test('a handler that throws dice is found out', async () => {
  const handler = (_: Fields, { state }: Transaction<{ dice: number }>): void => void (state.dice = Math.random());
  const problem = await problemOf(verifyHandler(handler, orders, { state: { dice: 0 } }));
  expect(problem).toMatchObject({ problem: 'nondeterministic', messageNumber: 1 });
  expect(problem.message).toContain('attribute "dice"');
});

test('a handler that looks at the clock is found out', async () => {
  const handler = (_: Fields, { state }: Transaction<{ at: number }>): void => void (state.at = Date.now());
  await expect(verifyHandler(handler, orders, { state: { at: 0 } })).rejects.toMatchObject({
    problem: 'nondeterministic',
  });
});

test('a handler whose result depends on how often it was tried is found out', async () => {
  const handler = (_: Fields, transaction: Transaction): void =>
    transaction.publish('out', { attempt: transaction.entry.attempt });
  const problem = await problemOf(verifyHandler(handler, orders));
  expect(problem).toMatchObject({ problem: 'fault-dependent', messageNumber: 1, scenario: { kind: 'failure', at: 0 } });
});

test('a handler that fails by itself is named with its message and cause', async () => {
  const handler = (order: Fields): void => {
    if (order['quantity'] === '3') throw new Error('no stock');
  };
  const problem = await problemOf(verifyHandler(handler, orders));
  expect(problem).toMatchObject({ problem: 'failed', messageNumber: 3 });
  expect(problem.message).toMatch(/fails at message 3 of 12 in a run without faults: no stock/);
});

test('messages of a typed stream are given and received as its type', async () => {
  type Order = { sku: string; lines: number[] };
  const typed = defineStream<Order, Order>('orders', { codec: jsonCodec as Codec<Order, Order> });
  const report = await verifyHandler(
    (order, { state }: Transaction<{ sum: number }>) => {
      for (const line of order.lines) state.sum += line;
    },
    [
      { sku: 'a', lines: [1, 2] },
      { sku: 'b', lines: [3] },
    ],
    { stream: typed, state: { sum: 0 }, randomRuns: 3 },
  );
  expect(report.state.sum).toBe(6);
});
