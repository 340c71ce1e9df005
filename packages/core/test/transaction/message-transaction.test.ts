import { expect, test } from 'vitest';
import { MessageTransaction } from '../../src/transaction/message-transaction.js';
import { Publisher } from '../../src/transaction/publisher.js';

const closed = expect.objectContaining({
  code: 'ARS_TRANSACTION_CLOSED',
  details: { stream: 'in', entry: '1700000000000-1' },
}) as Error;

const open = (): MessageTransaction => {
  const delivery = {
    stream: 'in',
    id: '1700000000000-1',
    fields: ['n', '1'],
    read: 1,
    gap: undefined,
    prepared: undefined,
  };
  return new MessageTransaction(delivery, 3, new Publisher(() => undefined), undefined);
};

test('tells what it is about', () => {
  expect(open().entry).toEqual({ stream: 'in', id: '1700000000000-1', timestamp: 1_700_000_000_000, attempt: 3 });
});

test('once closed, it refuses everything, and keeps what was staged', () => {
  const transaction = open();
  transaction.publish('out', { n: 1 });
  transaction.close();
  transaction.close();
  for (const use of [
    () => transaction.state,
    () => transaction.entry,
    () => transaction.signal,
    () => transaction.publish('out', { n: 2 }),
    () => transaction.afterCommit(() => {}),
    () => transaction.clearState(),
  ]) {
    expect(use).toThrow(closed);
  }
  expect(transaction.publishes).toEqual([{ stream: 'out', fields: ['n', '1'] }]);
});

test('ending it early aborts its signal with the reason, if anybody asked for it', () => {
  const transaction = open();
  const { signal } = transaction;
  expect(transaction.signal).toBe(signal);
  const reason = new Error('fenced');
  transaction.abort(reason);
  expect([signal.aborted, signal.reason]).toEqual([true, reason]);
  expect(() => open().abort(reason)).not.toThrow();
});

test('a publish that is refused stages nothing', () => {
  const transaction = open();
  expect(() => transaction.publish('out', {})).toThrow(expect.objectContaining({ code: 'ARS_MESSAGE_VALIDATION' }));
  expect(transaction.publishes).toBeUndefined();
  expect(transaction.bytes).toBe(0);
});

test('the state of a consumer without any is empty and cannot be changed', () => {
  const { state } = open();
  expect(state).toEqual({});
  expect(() => ((state as Record<string, unknown>)['n'] = 1)).toThrow();
});

test('a handler that was ended early can still see that it was, and nothing else', () => {
  const transaction = open();
  transaction.abort(new Error('fenced'));
  expect(transaction.signal.aborted).toBe(true);
  expect(transaction.signal.reason).toEqual(new Error('fenced'));
  expect(() => transaction.publish('out', { n: 1 })).toThrow(closed);
  expect(() => transaction.state).toThrow(closed);
});

test("a producer's options are refused, since they would do nothing", () => {
  const transaction = open();
  const publish = transaction.publish.bind(transaction) as (...given: unknown[]) => void;
  expect(() => publish('out', { n: 1 }, { idempotencyKey: 'k' })).toThrow(
    expect.objectContaining({ code: 'ARS_CONFIGURATION', details: { option: 'idempotencyKey' } }),
  );
  expect(transaction.publishes).toBeUndefined();
  publish('out', { n: 1 }, {});
  publish('out', { n: 1 }, undefined);
  expect(transaction.publishes).toHaveLength(2);
});
