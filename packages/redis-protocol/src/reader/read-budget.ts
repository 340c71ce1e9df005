import type { RedisDriver } from '../driver.js';

const FIRST_MAX = 64;
const GROWTH = 8;
/** From this size on a script takes longer to convert an entry than any client to parse it. */
const LONG_ENTRY_BYTES = 400;
/** A newest entry so many times longer than usual says that a backlog may grow much longer on the way. */
const SURPRISE = 8;
/** Sizes vary, so a read aims below what it may take. */
const SAFETY = 0.8;

/**
 * How many entries to ask for, and how. The server counts entries, the consumer has room for bytes, so the size of entries is
 * learnt from each read; the first read is small, and growth is bounded.
 */
export class ReadBudget {
  #entriesMax = FIRST_MAX;
  #averageBytes = 0;
  #newestBytes = 0;
  readonly #isParserFast: boolean;

  constructor(parserCost: RedisDriver['parserCost']) {
    this.#isParserFast = parserCost === 'low';
  }

  /**
   * Whether plain commands are the better way. The server does not bound them by bytes, so they are for sizes that seem
   * steady; packed reads keep to their bytes whatever comes.
   */
  get isPlain(): boolean {
    const average = this.#averageBytes;
    if (average === 0 || this.#newestBytes > average * SURPRISE) return false;
    return this.#isParserFast || average >= LONG_ENTRY_BYTES;
  }

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

  /** Learns how long the stream's newest entry is. */
  learnNewest(bytes: number): void {
    this.#newestBytes = bytes;
  }
}
