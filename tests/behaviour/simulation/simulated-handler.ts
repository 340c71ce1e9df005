import type { Fields, HandlerFunction } from '@ars/core';
import type { Dice } from './dice.js';
import { fold, type FoldState } from './fold.js';
import type { VirtualClock } from './virtual-clock.js';

/** How the handler behaves: shares of calls that fail, and that take their time. */
export interface Temper {
  failures: number;
  delays: number;
}

class Whim extends Error {}

/** Folds each message into the state; fails and dawdles at random, before, within and after its changes. */
export function simulatedHandler(
  clock: VirtualClock,
  dice: Dice,
  temper: Temper,
  onCommitted: (id: string) => void,
): HandlerFunction<Fields, FoldState> {
  const mayFail = (): void => {
    if (dice.chance(temper.failures)) throw new Whim('the handler fails at random');
  };
  const pause = (): Promise<void> => new Promise((resolve) => clock.after(dice.below(30), resolve));
  return ({ n }, transaction) => {
    const { id } = transaction.entry;
    const work = (): void => {
      const texts = fold(transaction.state, Number(n));
      for (const text of texts) transaction.publish('out', { text });
      transaction.afterCommit(() => onCommitted(id));
    };
    mayFail();
    if (!dice.chance(temper.delays)) {
      work();
      mayFail();
      return undefined;
    }
    return (async () => {
      const isEarly = dice.chance(0.5);
      if (isEarly) work();
      await pause();
      mayFail();
      if (!isEarly) work();
      mayFail();
    })();
  };
}
