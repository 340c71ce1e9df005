import { SeededRandom } from '../chance/seeded-random.js';
import { type Fault, type FaultPoint, PlannedFault } from './fault.js';

/** How a fault plan chooses by itself; without these options it does only what it is told. */
export interface FaultPlanOptions {
  /** Decides every choice. Default 0. */
  readonly seed?: number;
  /** How often a fault happens, from 0 to 1: at any point, or by point. Default 0. */
  readonly chance?: number | Readonly<Partial<Record<FaultPoint, number>>>;
  /** What may happen by chance. Default `lose`, `cut`, `delay` and `duplicate`. */
  readonly faults?: readonly Fault[];
  /** How long what is delayed or duplicated by chance is held at most, in milliseconds. Default 50. */
  readonly holdMsMax?: number;
  /** How long each way between caller and store takes at most, in milliseconds; which one is chance. Default 0. */
  readonly latencyMsMax?: number;
  /** The timer for both; its result cancels it. Default `setTimeout`. */
  readonly after?: (delayMs: number, callback: () => void) => () => void;
}

/** A fault for the call that comes to a point after so many others. */
interface Order {
  readonly planned: PlannedFault;
  skip: number;
}

const BY_CHANCE: readonly Fault[] = ['lose', 'cut', 'delay', 'duplicate'];

/** Decides which calls of a faulty store meet which fault: as ordered, and otherwise by chance. */
export class FaultPlan {
  /** How often each fault has happened at each point, as `after-commit lose`. */
  readonly counts: Map<string, number> = new Map();
  readonly #random: SeededRandom;
  readonly #options: FaultPlanOptions;
  readonly #ordered = new Map<FaultPoint, Order[]>();
  #isQuiet = false;

  constructor(options: FaultPlanOptions = {}) {
    this.#options = options;
    this.#random = new SeededRandom(options.seed ?? 0);
  }

  /**
   * Orders a fault for the next call that comes to a point, or for a later one: `skip` calls pass first (default 0).
   * Several for one point happen in turn.
   */
  next(point: FaultPoint, fault: Fault, skip = 0): PlannedFault {
    const planned = new PlannedFault(fault);
    const queue = this.#ordered.get(point) ?? [];
    this.#ordered.set(point, [...queue, { planned, skip }]);
    return planned;
  }

  /** Ends faults by chance, for the rest of a run. What is held already is still released. */
  heal(): void {
    this.#isQuiet = true;
  }

  /** @internal What happens to a call that is at this point now. */
  take(point: FaultPoint): PlannedFault | undefined {
    const planned = this.#takeOrdered(point) ?? this.#byChance(point);
    if (planned !== undefined) {
      const key = `${point} ${planned.fault}`;
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
    }
    return planned;
  }

  /** @internal The time that a call spends on its way, if any. */
  travel(): Promise<void> | undefined {
    const { latencyMsMax = 0 } = this.#options;
    if (latencyMsMax <= 0) return undefined;
    const delayMs = this.#random.next() * latencyMsMax;
    return new Promise((resolve) => void this.#after(delayMs, resolve));
  }

  #takeOrdered(point: FaultPoint): PlannedFault | undefined {
    const queue = this.#ordered.get(point);
    const order = queue?.[0];
    if (order === undefined) return undefined;
    if (order.skip > 0) {
      order.skip -= 1;
      return undefined;
    }
    queue!.shift();
    return order.planned;
  }

  #byChance(point: FaultPoint): PlannedFault | undefined {
    const { chance = 0, faults = BY_CHANCE, holdMsMax = 50 } = this.#options;
    const probability = typeof chance === 'number' ? chance : (chance[point] ?? 0);
    if (this.#isQuiet || probability <= 0 || !this.#random.isLucky(probability)) return undefined;
    const planned = new PlannedFault(this.#random.pick(faults));
    if (planned.fault === 'delay' || planned.fault === 'duplicate') {
      this.#after(this.#random.next() * holdMsMax, () => void planned.release());
    }
    return planned;
  }

  #after(delayMs: number, callback: () => void): () => void {
    if (this.#options.after !== undefined) return this.#options.after(delayMs, callback);
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  }
}

/** Makes a plan of faults, ordered one by one with `next`, or chosen by a seed. */
export function createFaultPlan(options: FaultPlanOptions = {}): FaultPlan {
  return new FaultPlan(options);
}
