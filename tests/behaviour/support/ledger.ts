import type { Fields, HandlerFunction } from '@ars/core';
import { expect } from 'vitest';
import type { StoreKit } from '../stores.js';

/** State in which every message counts once and the order matters. */
export interface Ledger {
  count: number;
  /** Rolling hash of the numbers, in order. */
  hash: number;
}

/** The texts of the numbers from `from` to `to`. */
export function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index));
}

/** What a ledger becomes by one more number. */
export function entered(ledger: Ledger, n: number): Ledger {
  return { count: ledger.count + 1, hash: (ledger.hash * 31 + n) % 1_000_003 };
}

/** State and handler that enter each number and publish what the ledger then is. */
export function ledgerOf(kit: StoreKit): { state: Ledger; handler: HandlerFunction<Fields, Ledger> } {
  const out = kit.name('out');
  return {
    state: { count: 0, hash: 0 },
    handler: ({ n }, transaction) => {
      Object.assign(transaction.state, entered(transaction.state, Number(n)));
      transaction.publish(out, { n: n!, count: transaction.state.count, hash: transaction.state.hash });
    },
  };
}

/** Checks state, position and outputs, as stored, against the numbers from 1 to `last`, each entered once. */
export async function expectLedger(kit: StoreKit, last: number): Promise<void> {
  const { attributes, position, outputs } = await kit.backend.moment(
    { consumerId: 'consumer', scope: kit.name('in') },
    kit.name('out'),
  );
  const ids = (await kit.entries('in')).map(({ id }) => id);
  let ledger: Ledger = { count: 0, hash: 0 };
  const expected = numbers(1, last).map((n) => {
    ledger = entered(ledger, Number(n));
    return { n, count: String(ledger.count), hash: String(ledger.hash) };
  });
  expect(outputs.map(({ message }) => message)).toEqual(expected);
  expect(attributes).toEqual({ count: String(ledger.count), hash: String(ledger.hash) });
  expect(position).toBe(ids.at(-1));
}
