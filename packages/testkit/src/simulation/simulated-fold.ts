import type { FieldsInput } from '@ars/core';

/** The state of a simulated consumer: what it has seen, in its order, and something made of it. */
export interface SimulatedState {
  seen: string[];
  sum: number;
  totals: Record<string, { count: number; last: string }>;
}

/** A message that a simulated consumer publishes. */
export interface SimulatedOutput {
  readonly to: string;
  readonly message: FieldsInput & { readonly n: string };
}

/** The state before the first message. */
export function emptyState(): SimulatedState {
  return { seen: [], sum: 0, totals: {} };
}

/**
 * Folds one message into a state, in place, and answers what is to be published. The handlers and the checkers call it,
 * each on their own state.
 */
export function foldMessage(
  state: SimulatedState,
  consumer: string,
  stream: string,
  n: string,
  outputs: readonly string[],
): SimulatedOutput[] {
  const order = state.seen.length;
  state.seen.push(nameOf(stream, n));
  state.sum = (state.sum * 31 + weightOf(n)) % 1_000_003;
  const key = `key${weightOf(n) % 5}`;
  state.totals[key] ??= { count: 0, last: '' };
  const total = state.totals[key];
  total.count += 1;
  total.last = n;
  if (weightOf(n) % 11 === 0) delete state.totals[`key${(weightOf(n) + 1) % 5}`];
  return outputsOf(consumer, n, outputs).map(({ to, message }) => ({
    to,
    message: { ...message, order, sum: state.sum },
  }));
}

/** What a message leads to, whatever the state is: none, one or two outputs to each target. */
export function outputsOf(consumer: string, n: string, outputs: readonly string[]): SimulatedOutput[] {
  return outputs.flatMap((to, index) => {
    const count = [1, 1, 2, 0, 1][(weightOf(n) + index) % 5]!;
    return Array.from({ length: count }, (_, copy) => ({ to, message: { n: `${n}.${consumer[0]}${index}${copy}` } }));
  });
}

/** How a message is named in `seen`. */
export function nameOf(stream: string, n: string): string {
  return `${stream}|${n}`;
}

function weightOf(n: string): number {
  let weight = 7;
  for (let index = 0; index < n.length; index += 1) weight = (weight * 33 + n.charCodeAt(index)) % 10_007;
  return weight;
}
