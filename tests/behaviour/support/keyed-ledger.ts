import type { Fields, FieldsInput, Transaction } from '@ars/core';
import { expect } from 'vitest';
import type { StoreKit } from '../stores.js';
import { keyedMoment } from './keyed-content.js';
import { entered, type Ledger } from './ledger.js';

/** Messages `{ n, k }` with the numbers from `from` to `to`, spread over so many keys. */
export function keyedNumbers(from: number, to: number, keys: number): FieldsInput[] {
  return Array.from({ length: to - from + 1 }, (_, index) => ({ n: from + index, k: `k${(from + index) % keys}` }));
}

/** Enters a message's number into the ledger of its key, and publishes what that then is. */
export function enter(kit: StoreKit, { n, k }: Fields, transaction: Transaction<Ledger>): void {
  const { state } = transaction;
  Object.assign(state, entered(state, Number(n)));
  transaction.publish(kit.name('out'), { n: n!, k: k!, count: state.count, hash: state.hash });
}

/** Options of a consumer with one ledger a key. */
export function keyedLedgerOf(kit: StoreKit) {
  return {
    key: ({ k }: Fields): string => k!,
    state: { count: 0, hash: 0 } as Ledger,
    handler: (message: Fields, transaction: Transaction<Ledger>): void => enter(kit, message, transaction),
  };
}

/** Checks every key, the position and the outputs, as stored, against the entries up to `last`, the last of all by default. */
export async function expectKeyedLedger(kit: StoreKit, last?: number): Promise<void> {
  const { keys, position } = await keyedMoment(kit);
  const entries = await kit.entries('in');
  const done = entries.slice(0, last);
  const ledgers: Record<string, Ledger> = {};
  const outputs = done.map(({ message }) => {
    const { n, k } = message as Fields;
    const ledger = (ledgers[k!] = entered(ledgers[k!] ?? { count: 0, hash: 0 }, Number(n)));
    return { n, k, count: String(ledger.count), hash: String(ledger.hash) };
  });
  const stored = Object.fromEntries(Object.entries(keys).map(([key, { payload }]) => [key, JSON.parse(payload)]));
  expect(stored).toEqual(ledgers);
  expect((await kit.entries('out')).map(({ message }) => message)).toEqual(outputs);
  expect(position ?? '0-0').toBe(done.at(-1)?.id ?? '0-0');
}
