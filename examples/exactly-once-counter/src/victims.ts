import { setTimeout as sleep } from 'node:timers/promises';
import type { Verdict } from './checker.js';

/** What a run has done, and what came of it. */
export interface Result {
  /** How often each was killed. */
  readonly kills: ReadonlyMap<string, number>;
  readonly verdict: Verdict;
}

/** Those that may be killed: at random, but each comes to its turn before any comes again. */
export class Victims {
  readonly #kills: (() => unknown)[];
  #left: (() => unknown)[] = [];

  constructor(kills: readonly (() => unknown)[]) {
    this.#kills = [...kills];
  }

  /** One more. */
  add(kill: () => unknown): void {
    this.#kills.push(kill);
  }

  /** Kills one after another, at any moment, for so long; each at least once. */
  async killFor(milliseconds: number): Promise<void> {
    const until = Date.now() + milliseconds;
    let count = 0;
    for (; Date.now() < until || count < this.#kills.length; count += 1) {
      await sleep(100 + 600 * Math.random());
      await this.#next()();
    }
  }

  #next(): () => unknown {
    if (this.#left.length === 0) this.#left = [...this.#kills];
    return this.#left.splice(Math.floor(Math.random() * this.#left.length), 1)[0]!;
  }
}
