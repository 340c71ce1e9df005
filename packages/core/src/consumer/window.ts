/** How many messages are taken ahead of the first unfinished one, in multiples of the concurrency. */
const WINDOW_FACTOR = 4;

/** How many messages stand between the line and the staged batch: none where they are handled one after another. */
export function windowOf(concurrency: number): number {
  return concurrency === 1 ? 0 : concurrency * WINDOW_FACTOR;
}
