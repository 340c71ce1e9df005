import { describe, expect, test } from 'vitest';
import type { Books, Entry } from './exactly-once-counter/src/books.js';
import { judge } from './exactly-once-counter/src/checker.js';

const written = new Map([['a', 3]]);

/** Three orders of one account, passed on without a fault. */
function soundBooks(): Books {
  const orders = [1, 2, 3].map((n): Entry => ({ order: `a-${n}`, account: 'x', amount: '5' }));
  const ledger = orders.map((order, index) => ({
    ...order,
    line: String(index + 1),
    balance: String(5 * (index + 1)),
  }));
  return { orders, payments: orders, ledger, statements: ledger, paid: new Map([['x', 15]]) };
}

/** Sound books with one change. */
function spoilt(change: Partial<Books>): Books {
  return { ...soundBooks(), ...change };
}

const sound = soundBooks();
const faulty: readonly (readonly [string, Books])[] = [
  ['an order that a producer knows to be written and is missing', spoilt({ orders: sound.orders.slice(0, 2) })],
  ['an order that is there twice', spoilt({ orders: [...sound.orders, sound.orders[0]!] })],
  ['a payment that is missing', spoilt({ payments: sound.payments.slice(1) })],
  ['a line of the ledger that is there twice', spoilt({ ledger: [...sound.ledger, sound.ledger[2]!] })],
  ['lines of the ledger in another order', spoilt({ ledger: [...sound.ledger].reverse() })],
  ['a statement that replaced another', spoilt({ statements: [sound.statements[1]!, ...sound.statements.slice(1)] })],
  ['a state that counted an order twice', spoilt({ paid: new Map([['x', 20]]) })],
  ['a state that is gone', spoilt({ paid: new Map() })],
];

describe('the checker of examples/exactly-once-counter', () => {
  test('finds nothing in books that are sound', () => {
    expect(judge(soundBooks(), written)).toMatchObject({ faults: [], ordered: 15, balance: 15, accounts: 1 });
  });

  test('takes an order for written that its producer was killed before it could tell of', () => {
    expect(judge(soundBooks(), new Map([['a', 2]])).faults).toEqual([]);
  });

  test.each(faulty)('finds %s', (_, books) => {
    expect(judge(books, written).faults).not.toEqual([]);
  });
});
