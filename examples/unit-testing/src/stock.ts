import type { Fields, Transaction } from '@ars/core';

/** What is left, and of how many sales. */
export interface Stock {
  left: number;
  sales: number;
}

/** The stock before the first sale. */
export const fullStock = (): Stock => ({ left: 10, sales: 0 });

/** Handles one sale: the stock goes down, and at three or less a restock alert goes out. */
export function handleSale(sale: Fields, transaction: Transaction<Stock>): void {
  const quantity = Number(sale.quantity);
  const { state } = transaction;
  if (quantity > state.left) throw new Error(`only ${state.left} left`);
  state.left -= quantity;
  state.sales += 1;
  if (state.left <= 3) transaction.publish('restock-alerts', { left: state.left });
}
