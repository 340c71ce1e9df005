import { type Fields, type Logger, StreamConsumer, type StreamStore } from '@ars/core';
import type { Streams } from './streams.js';

/** The consumers, in the order in which an order passes them. */
export const CONSUMERS = ['payments', 'ledger', 'statements'] as const;

/** One of them. */
export type ConsumerName = (typeof CONSUMERS)[number];

const silent = (): void => {};
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };

/** Called with each message before it is handled, for those who want to see it fail. */
export type BeforeMessage = () => unknown;

/**
 * The whole application. Nothing here knows of crashes, retries or duplicates: each handler changes its state and
 * publishes onward, as if every message came once.
 */
export function createConsumer(
  name: ConsumerName,
  store: StreamStore,
  streams: Streams,
  before: BeforeMessage = silent,
) {
  const shared = { store, consumerId: name, logger: quiet };
  const accountOf = (message: Fields): string => message.account!;
  switch (name) {
    case 'payments': // how much each account has paid, with a number for each payment of an account
      return new StreamConsumer({
        ...shared,
        stream: streams.orders,
        key: accountOf,
        state: { payments: 0, total: 0 },
        handler: async ({ order, account, amount }, transaction) => {
          await before();
          transaction.state.payments += 1;
          transaction.state.total += Number(amount);
          transaction.publish(streams.payments, { order, account, amount, number: transaction.state.payments });
        },
      });
    case 'ledger': // one book of all, numbered without gaps, with a running balance
      return new StreamConsumer({
        ...shared,
        stream: streams.payments,
        state: { line: 0, balance: 0 },
        handler: async ({ order, account, amount }, transaction) => {
          await before();
          transaction.state.line += 1;
          transaction.state.balance += Number(amount);
          const { line, balance } = transaction.state;
          transaction.publish(streams.ledger, { line, order, account, amount, balance });
        },
      });
    case 'statements': // what each account owns, from the ledger
      return new StreamConsumer({
        ...shared,
        stream: streams.ledger,
        key: accountOf,
        state: { balance: 0 },
        handler: async ({ order, account, amount }, transaction) => {
          await before();
          transaction.state.balance += Number(amount);
          transaction.publish(streams.statements, { order, account, balance: transaction.state.balance });
        },
      });
  }
}
