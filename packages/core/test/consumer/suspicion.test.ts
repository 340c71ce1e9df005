import { expect, test } from 'vitest';
import { Suspicion } from '../../src/consumer/suspicion.js';
import type { Delivery } from '../../src/transaction/delivery.js';

const message = (id: string, stream = 'in'): Delivery => ({
  stream,
  id,
  fields: [],
  read: 1,
  gap: undefined,
  prepared: undefined,
});

test('without commits to be careful about there is no suspicion', () => {
  const suspicion = new Suspicion();
  expect(suspicion.isActive).toBe(false);
  suspicion.begin({ stream: 'in', id: '1-0', count: 2 }, 0);
  expect([suspicion.isActive, suspicion.needsWrite]).toEqual([false, false]);
});

test('a mark is asked for, written, held while the handler runs, and gone with the commit of the message', () => {
  const suspicion = new Suspicion();
  suspicion.begin(undefined, 10);
  expect(suspicion.isMarked(message('1-0'))).toBe(false);
  suspicion.propose(message('1-0'));
  expect([suspicion.needsWrite, suspicion.isMarked(message('1-0'))]).toEqual([true, false]);
  expect(suspicion.mark).toEqual({ stream: 'in', id: '1-0', count: 1 });
  suspicion.recorded(suspicion.mark, 0);
  expect([suspicion.needsWrite, suspicion.isMarked(message('1-0'))]).toEqual([false, true]);
  suspicion.survived();
  suspicion.recorded(undefined, 1);
  expect([suspicion.needsWrite, suspicion.isMarked(message('1-0'))]).toEqual([false, false]);
});

test('what earlier owners did not survive counts up by one, for that message of that stream alone', () => {
  const suspicion = new Suspicion();
  suspicion.begin({ stream: 'in', id: '1-0', count: 2 }, 10);
  expect(suspicion.suspectStream).toBe('in');
  expect(suspicion.casualtiesOf(message('1-0'))).toBe(2);
  expect(suspicion.casualtiesOf(message('1-0', 'other'))).toBe(0);
  expect(suspicion.casualtiesOf(message('1-1'))).toBe(0);
  expect(suspicion.isMarked(message('1-0'))).toBe(false); // this process has not begun it
  suspicion.propose(message('1-0'));
  expect(suspicion.mark?.count).toBe(3);
  suspicion.propose(message('1-1'));
  expect(suspicion.mark).toEqual({ stream: 'in', id: '1-1', count: 1 });
});

test('a handler that failed has survived: the mark must go before the next try', () => {
  const suspicion = new Suspicion();
  suspicion.begin(undefined, 10);
  suspicion.propose(message('1-0'));
  suspicion.recorded(suspicion.mark, 0);
  suspicion.survived();
  expect(suspicion.needsWrite).toBe(true);
  expect(suspicion.mark).toBeUndefined();
  suspicion.recorded(undefined, 0);
  expect([suspicion.needsWrite, suspicion.isMarked(message('1-0'))]).toEqual([false, false]);
});

test('it ends after so many messages, not after marks', () => {
  const suspicion = new Suspicion();
  suspicion.begin(undefined, 2);
  suspicion.propose(message('1-0'));
  suspicion.recorded(suspicion.mark, 0);
  suspicion.recorded(undefined, 1);
  expect(suspicion.isActive).toBe(true);
  suspicion.recorded(undefined, 1);
  expect(suspicion.isActive).toBe(false);
});

test('when it ends, nothing is left to be written', () => {
  const suspicion = new Suspicion();
  suspicion.begin({ stream: 'in', id: '1-0', count: 1 }, 2);
  suspicion.propose(message('1-0'));
  suspicion.end();
  expect([suspicion.isActive, suspicion.needsWrite, suspicion.suspectStream]).toEqual([false, false, undefined]);
});
