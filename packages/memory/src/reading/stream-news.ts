/** Calls back once after the given milliseconds; the result cancels it. As in core's `Environment`. */
export type After = (delayMs: number, callback: () => void) => () => void;

/** The longest delay that Node's timers take. */
const DELAY_MS_MAX = 2_147_483_647;

/** Who waits for which stream to change. Telling them costs one look-up for a stream that nobody waits for. */
export class StreamNews {
  readonly #waiting = new Map<string, Set<NewsWait>>();

  /** Wakes every reader that waits for this stream, in a microtask; to be called after the change. */
  changed(stream: string): void {
    for (const wait of this.#waiting.get(stream) ?? []) wait.wake();
  }

  /** Starts to wait for changes of these streams for so long. The caller ends what it started. */
  wait(streams: readonly string[], waitMs: number, after: After): NewsWait {
    const wait = new NewsWait(() => this.#forget(streams, wait));
    for (const stream of streams) {
      const waiting = this.#waiting.get(stream) ?? new Set();
      this.#waiting.set(stream, waiting.add(wait));
    }
    wait.limit(Math.min(waitMs, DELAY_MS_MAX), after);
    return wait;
  }

  #forget(streams: readonly string[], wait: NewsWait): void {
    for (const stream of streams) {
      const waiting = this.#waiting.get(stream);
      waiting?.delete(wait);
      if (waiting?.size === 0) this.#waiting.delete(stream);
    }
  }
}

/**
 * One reader's wait. Its timer is the only thing that it keeps the process alive with, and `end` clears that. A wake-up
 * between two `next` calls is not remembered: the reader looks at its streams before each.
 */
export class NewsWait {
  readonly #forget: () => void;
  #cancelTimer: () => void = () => {};
  #resume: () => void = () => {};
  #isOver = false;

  constructor(forget: () => void) {
    this.#forget = forget;
  }

  /** Whether the time is over, or the wait was ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Resolves when one of the streams changed, or the wait is over. */
  next(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    return new Promise((resolve) => {
      this.#resume = resolve;
    });
  }

  /** Resolves the pending `next`, if there is one. */
  wake(): void {
    this.#resume();
  }

  /** Ends the wait after so many milliseconds. */
  limit(waitMs: number, after: After): void {
    this.#cancelTimer = after(waitMs, () => this.end());
  }

  /** Ends the wait, clears its timer, and resolves the pending `next`. Calling it twice does nothing. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cancelTimer();
    this.#forget();
    this.#resume();
  }
}
