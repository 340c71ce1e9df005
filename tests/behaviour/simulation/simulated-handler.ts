import type { Fields, HandlerFunction } from '@ars/core';
import type { Dice } from './dice.js';
import { fold, type FoldState } from './fold.js';
import type { VirtualClock } from './virtual-clock.js';

/** How the handler behaves: shares of calls that fail, and that take their time. */
export interface Temper {
  failures: number;
  delays: number;
}

/** What the handler tells the simulation. */
export interface Watch {
  /** The message's `afterCommit` ran. */
  committed(id: string): void;
  /** Something that must never happen did. */
  failed(problem: Error): void;
}

class Whim extends Error {}

/** Folds each message into the state; fails and dawdles at random, before, within and after its changes. */
export function simulatedHandler(
  clock: VirtualClock,
  dice: Dice,
  temper: Temper,
  watch: Watch,
): HandlerFunction<Fields, FoldState> {
  const mayFail = (): void => {
    if (dice.chance(temper.failures)) throw new Whim('the handler fails at random');
  };
  const pause = (): Promise<void> => new Promise((resolve) => clock.after(dice.below(30), resolve));
  let running: string | undefined;
  return ({ n }, transaction) => {
    const { id } = transaction.entry;
    if (running !== undefined)
      watch.failed(new Error(`the handler of ${id} began before that of ${running} had settled`));
    const work = (): void => {
      const texts = fold(transaction.state, Number(n));
      for (const text of texts) transaction.publish('out', { text });
      transaction.afterCommit(() => watch.committed(id));
    };
    mayFail();
    if (!dice.chance(temper.delays)) {
      work();
      mayFail();
      return undefined;
    }
    running = id;
    return (async () => {
      const isEarly = dice.chance(0.5);
      if (isEarly) work();
      await pause();
      mayFail();
      if (!isEarly) work();
      mayFail();
    })().finally(() => (running = undefined));
  };
}
