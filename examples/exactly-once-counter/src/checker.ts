import type { Books, Entry } from './books.js';

/** What is wrong with one stream. */
export interface Count {
  readonly entries: number;
  readonly duplicates: number;
  readonly losses: number;
}

/** What the books show. */
export interface Verdict {
  readonly streams: {
    readonly orders: Count;
    readonly payments: Count;
    readonly ledger: Count;
    readonly statements: Count;
  };
  /** The sum of all orders. */
  readonly ordered: number;
  /** The balance of the last line of the ledger. */
  readonly balance: number;
  readonly accounts: number;
  /** What does not fit, in words; empty when everything does. */
  readonly faults: readonly string[];
}

/**
 * Judges the books. `written` tells how many orders each producer knows to be written; all of them must be there, and
 * everything else must follow from the orders, each once.
 */
export function judge(books: Books, written: ReadonlyMap<string, number>): Verdict {
  const faults: string[] = [];
  const expect = (isSo: boolean, fault: string): void => void (isSo || faults.push(fault));
  const ids = new Set<string>();
  for (const [producer, last] of written) {
    for (let number = 1; number <= Math.max(last, lastOf(producer, books.orders)); number += 1)
      ids.add(`${producer}-${number}`);
  }

  const streams = {
    orders: compare(books.orders, ids),
    payments: compare(books.payments, ids),
    ledger: compare(books.ledger, ids),
    statements: compare(books.statements, ids),
  };
  for (const [name, { duplicates, losses }] of Object.entries(streams))
    expect(duplicates + losses === 0, `${name}: ${duplicates} duplicates, ${losses} losses`);

  // The ledger has no gaps, and its balance runs.
  let balance = 0;
  books.ledger.forEach((entry, index) => {
    balance += Number(entry.amount);
    const isNext = Number(entry.line) === index + 1 && Number(entry.balance) === balance;
    expect(isNext, `line ${index + 1} of the ledger is number ${entry.line} with balance ${entry.balance}`);
  });

  // By account: what was ordered, the state of `payments`, and the last statement are the same.
  const ordered = sums(books.orders);
  const stated = new Map(books.statements.map(({ account, balance }) => [account!, Number(balance)]));
  for (const [account, sum] of ordered) {
    const isSame = books.paid.get(account) === sum && stated.get(account) === sum;
    expect(isSame, `${account}: ordered ${sum}, paid ${books.paid.get(account)}, stated ${stated.get(account)}`);
  }
  const total = [...ordered.values()].reduce((all, sum) => all + sum, 0);
  expect(balance === total, `ordered ${total}, in the ledger ${balance}`);
  expect(ids.size > 0, 'nothing was ordered');
  return { streams, ordered: total, balance, accounts: ordered.size, faults };
}

/** A producer that was killed may have written one order more than it could tell. */
function lastOf(producer: string, orders: readonly Entry[]): number {
  const own = orders.map(({ order }) => order!).filter((order) => order.startsWith(`${producer}-`));
  return own.reduce((last, order) => Math.max(last, Number(order.slice(producer.length + 1))), 0);
}

function compare(entries: readonly Entry[], ids: ReadonlySet<string>): Count {
  const found = new Set(entries.map(({ order }) => order!).filter((order) => ids.has(order)));
  return { entries: entries.length, duplicates: entries.length - found.size, losses: ids.size - found.size };
}

function sums(orders: readonly Entry[]): Map<string, number> {
  const byAccount = new Map<string, number>();
  for (const { account, amount } of orders) byAccount.set(account!, (byAccount.get(account!) ?? 0) + Number(amount));
  return byAccount;
}
