const FIRST_MAX = 64;
const GROWTH = 8;
/** Sizes vary, so a read aims below what it may take. */
const SAFETY = 0.8;

/**
 * How many entries to ask for. The server counts entries, the consumer has room for bytes, so the size of entries is
 * learnt from each read; the first read is small, and growth is bounded.
 */
export class ReadBudget {
  #entriesMax = FIRST_MAX;
  #averageBytes = 0;

  /** How many entries a stream to ask for, at least 1; 0 when none are wanted. */
  entries(maxEntries: number, maxBytes: number, streams: number): number {
    if (maxEntries <= 0) return 0;
    const byBytes = this.#averageBytes === 0 ? maxEntries : (maxBytes * SAFETY) / this.#averageBytes / streams;
    return Math.max(1, Math.floor(Math.min(maxEntries, byBytes, this.#entriesMax)));
  }

  /** Learns from a read what entries weigh. */
  learn(entries: number, bytes: number): void {
    if (entries === 0) return;
    const average = bytes / entries;
    this.#averageBytes = this.#averageBytes === 0 ? average : Math.max(average, (this.#averageBytes + average) / 2);
    this.#entriesMax = Math.max(this.#entriesMax, entries * GROWTH);
  }
}
