import { expect, test } from 'vitest';
import { Batch } from '../../src/transaction/batch.js';
import { MessageTransaction } from '../../src/transaction/message-transaction.js';
import { Publisher } from '../../src/transaction/publisher.js';

const publisher = new Publisher(() => undefined);
const transaction = (stream: string, n: number): MessageTransaction =>
  new MessageTransaction(
    { stream, id: `${n}-0`, fields: ['n', String(n)], read: n, gap: undefined, prepared: undefined },
    1,
    publisher,
    undefined,
  );

test('a batch holds what its messages staged, in order, and ends where the last of each stream ends', () => {
  const batch = new Batch(3);
  const callback = (): void => {};
  for (const [stream, n] of [
    ['a', 1],
    ['b', 7],
    ['a', 2],
  ] as const) {
    const message = transaction(stream, n);
    message.publish('out', { n });
    message.afterCommit(callback);
    batch.add(message);
  }
  batch.add(transaction('c', 9));
  expect(batch.size).toBe(4);
  expect(batch.publishes.map(({ fields }) => fields[1])).toEqual(['1', '7', '2']);
  expect(batch.callbacks).toEqual([callback, callback, callback]);
  expect([batch.startMark, batch.endMark]).toEqual([3, 3]);
  expect(batch.isFull({ maxMessages: 1_000, maxBytes: 1 })).toBe(true);
  expect(batch.cursors()).toEqual([
    { stream: 'a', position: '2-0', read: 2 },
    { stream: 'b', position: '7-0', read: 7 },
    { stream: 'c', position: '9-0', read: 9 },
  ]);
});
