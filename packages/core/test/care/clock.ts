import { systemEnvironment } from '../../src/domain/environment.js';
import type { Environment } from '../../src/domain/environment.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time that a test moves. */
export class Clock {
  #now = 0;
  #timers: Timer[] = [];

  readonly environment: Environment = {
    ...systemEnvironment,
    now: () => this.#now,
    after: (delayMs, callback) => {
      const timer = { at: this.#now + delayMs, callback };
      this.#timers.push(timer);
      return () => {
        this.#timers = this.#timers.filter((other) => other !== timer);
      };
    },
  };

  /** How many timers are set. */
  get timers(): number {
    return this.#timers.length;
  }

  /** Moves on, and lets everything happen that time or promises bring about on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await settled();
      const next = this.#timers.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#timers.splice(this.#timers.indexOf(next), 1);
      this.#now = next.at;
      next.callback();
    }
    this.#now = end;
  }
}

/** Resolves when every promise that can go on has gone on. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
