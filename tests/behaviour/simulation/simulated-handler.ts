import type { Fields, HandlerFunction } from '@ars/core';
import type { Dice } from './dice.js';
import { type FoldState, perform, publishedBy } from './fold.js';
import { isBad, isRefused, keyOf, type Setting } from './setting.js';
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

/** What a process's handlers live in. */
export interface Surroundings {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  readonly temper: Temper;
  readonly watch: Watch;
  readonly setting: Setting;
  readonly concurrency: number;
}

class Whim extends Error {}

/** Folds each message into the state; fails and dawdles at random, before, within and after its changes. */
export function simulatedHandler(surroundings: Surroundings): HandlerFunction<Fields, FoldState> {
  const { clock, dice, temper, watch, setting } = surroundings;
  const mayFail = (n: number): void => {
    if (isBad(setting, n) || dice.chance(temper.failures)) throw new Whim('the handler fails at random');
  };
  const pause = (): Promise<void> => new Promise((resolve) => clock.after(dice.below(30), resolve));
  const enter = overlapWatch(surroundings);
  return (message, transaction) => {
    const { id } = transaction.entry;
    const n = Number(message['n']);
    const leave = enter(id, n);
    message['n'] = 'spoilt'; // no other try may see this
    const work = (): void => {
      const texts =
        setting.shape === 'stateless' ? publishedBy(n) : perform(n, transaction.state, () => transaction.clearState());
      for (const text of texts) transaction.publish('out', { text });
      if (isRefused(setting, n)) transaction.publish('full', { n });
      transaction.afterCommit(() => watch.committed(id));
    };
    if (!dice.chance(temper.delays)) {
      leave();
      const isLate = dice.chance(0.5);
      if (!isLate) mayFail(n);
      work();
      if (isLate) mayFail(n);
      return undefined;
    }
    return (async () => {
      const isEarly = dice.chance(0.5);
      if (isEarly) work();
      await pause();
      if (isEarly) mayFail(n);
      if (!isEarly) work();
      mayFail(n);
    })().finally(leave);
  };
}

/** Sees to it that no more handlers run at once than allowed, and never two of one key; returns what ends a run. */
function overlapWatch({ setting, concurrency, watch }: Surroundings): (id: string, n: number) => () => void {
  const running = new Map<string, string>();
  return (id, n) => {
    const line = setting.shape === 'whole' ? '' : setting.hasKey ? keyOf(setting, n) : id;
    const other = running.get(line);
    if (other !== undefined) watch.failed(new Error(`the handler of ${id} began before that of ${other} had settled`));
    running.set(line, id);
    if (running.size > concurrency) watch.failed(new Error(`${running.size} handlers run, not ${concurrency} at most`));
    return () => running.delete(line);
  };
}
