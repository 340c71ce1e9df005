import type { Environment } from '@ars/core';
import type { SeededRandom } from '../chance/seeded-random.js';

/** What the clocks of servers and on the wall show when a virtual time begins, in milliseconds since 1970. */
export const EPOCH_MS = 1_700_000_000_000;

/** How long to wait for something, and what for. */
export interface Patience {
  /** In milliseconds of the virtual time. Default 600,000. */
  readonly limitMs?: number;
  /** Whether something goes on that takes real time. Default never. */
  readonly isBusy?: () => boolean;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * Time that stands still until nothing is left to do in it, and then jumps to the next timer. What runs under it must
 * wait for promises and for its timers only; then the same program takes the same steps each time.
 */
export class VirtualClock {
  #nowMs = 0;
  #order = 0;
  /** A binary heap, the next timer first. */
  readonly #timers: Timer[] = [];
  readonly #cancelled = new Set<Timer>();

  /** Milliseconds since the beginning of this time. */
  now(): number {
    return this.#nowMs;
  }

  /** Calls back once after so many milliseconds; the result cancels that. */
  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { atMs: this.#nowMs + Math.max(0, delayMs), order: (this.#order += 1), callback };
    this.#push(timer);
    return () => void this.#cancelled.add(timer);
  }

  /** Resolves after so many milliseconds. */
  sleep(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.after(delayMs, resolve));
  }

  /** A consumer's time and chance under this clock. */
  environment(random: SeededRandom): Environment {
    return {
      now: () => this.#nowMs,
      wallClock: () => EPOCH_MS + Math.floor(this.#nowMs),
      after: (delayMs, callback) => this.after(delayMs, callback),
      soon: (callback) => void this.after(0, callback),
      random: () => random.next(),
      uniqueToken: () => random.token(),
    };
  }

  /**
   * Lets time pass until the promise settles, and answers as it does. Rejects when there is nothing left to wait for, or
   * when so much time has passed in vain. While `isBusy` says so, somebody waits for real time, and this one stands.
   */
  async until<T>(
    promise: Promise<T>,
    what: string,
    { limitMs = 600_000, isBusy = () => false }: Patience = {},
  ): Promise<T> {
    let isSettled = false;
    const settle = (): void => {
      isSettled = true;
    };
    promise.then(settle, settle);
    const deadlineMs = this.#nowMs + limitMs;
    for (await quiet(); !isSettled; await quiet()) {
      if (isBusy()) continue;
      if (this.#nowMs > deadlineMs) throw new Error(`stuck: ${limitMs} ms have passed in vain for ${what}`);
      if (!this.#step()) throw new Error(`stuck: nothing is left that could bring about ${what}`);
    }
    return promise;
  }

  /** Lets time pass until no timer is left, but no longer than the limit. */
  async untilIdle(limitMs: number = 600_000): Promise<void> {
    const deadlineMs = this.#nowMs + limitMs;
    for (await quiet(); this.#nowMs <= deadlineMs && this.#step(); await quiet());
  }

  /** Runs the next timer; false when there is none. */
  #step(): boolean {
    for (;;) {
      const timer = this.#pop();
      if (timer === undefined) return false;
      if (this.#cancelled.delete(timer)) continue;
      this.#nowMs = timer.atMs;
      timer.callback();
      return true;
    }
  }

  #push(timer: Timer): void {
    const heap = this.#timers;
    let index = heap.push(timer) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(timer, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#timers;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs === b.atMs ? a.order < b.order : a.atMs < b.atMs;
}

/** Resolves when every promise that can go on has gone on. */
function quiet(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
