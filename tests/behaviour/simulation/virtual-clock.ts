import type { Environment } from '@ars/core';
import { Dice } from './dice.js';

interface Timer {
  readonly at: number;
  readonly callback: () => void;
}

/** Time that stands still until the next timer is run, and chance from a seed. */
export class VirtualClock implements Environment {
  #now = 1_000_000;
  readonly #timers: Timer[] = [];
  readonly #dice: Dice;

  constructor(seed: number) {
    this.#dice = new Dice(seed);
  }

  readonly now = (): number => this.#now;

  readonly after = (delayMs: number, callback: () => void): (() => void) => {
    const timer = { at: this.#now + Math.max(0, delayMs), callback };
    let index = this.#timers.length;
    while (index > 0 && this.#timers[index - 1]!.at > timer.at) index -= 1;
    this.#timers.splice(index, 0, timer); // behind all that are due at the same time
    return () => {
      const found = this.#timers.indexOf(timer);
      if (found >= 0) this.#timers.splice(found, 1);
    };
  };

  readonly wallClock = (): number => this.#now;

  soon(callback: () => void): void {
    this.after(0, callback);
  }

  random(): number {
    return this.#dice.next();
  }

  uniqueToken(): string {
    return Array.from({ length: 32 }, () => this.#dice.below(16).toString(16)).join('');
  }

  /** Lets everything that is ready happen, then moves to the next timer and runs it. False when there is none. */
  async step(): Promise<boolean> {
    await new Promise(setImmediate); // all promises that can settle have settled then
    const timer = this.#timers.shift();
    if (timer === undefined) return false;
    this.#now = Math.max(this.#now, timer.at);
    timer.callback();
    return true;
  }
}
