import type { Environment } from '../domain/environment.js';

/** Milliseconds to wait before try number `attempt + 1`: doubles from the least to the most, the upper half at random. */
export function backoffMs(attempt: number, minMs: number, maxMs: number, environment: Environment): number {
  const ceiling = Math.min(maxMs, minMs * 2 ** Math.min(attempt - 1, 40));
  return ceiling * (0.5 + environment.random() / 2);
}
