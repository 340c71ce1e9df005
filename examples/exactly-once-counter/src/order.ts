/** The order with this number: always the same, so that a producer that starts again writes what it wrote before. */
export function orderOf(producer: string, number: number): { order: string; account: string; amount: number } {
  return {
    order: `${producer}-${number}`,
    account: `account-${(number * 7919) % 10}`,
    amount: 1 + ((number * 31) % 99),
  };
}

/** How far back a producer begins that was killed. It does not know how far it came, and need not. */
export const STEP_BACK = 20;

/** Where a producer begins again when all orders up to `acknowledged` are known to be in the stream. */
export function beginAfter(acknowledged: number): number {
  return Math.max(1, acknowledged + 1 - STEP_BACK);
}
