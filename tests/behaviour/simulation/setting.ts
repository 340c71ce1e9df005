import type { Dice } from './dice.js';

/** What kind of consumer a seed runs, the same in all its processes: what is stored depends on it. */
export interface Setting {
  /** One state, one a key, or none. */
  readonly shape: 'whole' | 'keyed' | 'stateless';
  /** How many keys there are; messages of one key stay in order. */
  readonly keys: number;
  /** Whether messages have a key at all. */
  readonly hasKey: boolean;
  readonly ttlMs: number | undefined;
  /** Whether messages whose failure is final go to `dead`; some always fail then. */
  readonly hasDeadLetter: boolean;
  /** Share of processes that stand by. */
  readonly standby: number;
  readonly leaseMs: number;
}

/** What one process does in its own way. */
export interface Manner {
  readonly concurrency: number;
  readonly maxKeys: number;
  readonly maxMessages: number;
  readonly isStandby: boolean;
}

/** Draws what a seed runs. */
export function drawSetting(dice: Dice): Setting {
  const shape = dice.pick(['whole', 'keyed', 'keyed', 'stateless'] as const);
  return {
    shape,
    keys: dice.pick([2, 5, 20]),
    hasKey: shape === 'keyed' || (shape === 'stateless' && dice.chance(0.5)),
    ttlMs: shape === 'keyed' && dice.chance(0.5) ? dice.pick([40, 400]) : undefined,
    hasDeadLetter: dice.chance(0.4),
    standby: dice.pick([0, 0.3]),
    leaseMs: dice.pick([300, 10_000]),
  };
}

/** Draws how one process goes about it. */
export function drawManner(dice: Dice, { shape, standby }: Setting): Manner {
  return {
    concurrency: shape === 'whole' ? 1 : dice.pick([1, 2, 5]),
    maxKeys: dice.pick([1, 3, 1_000]),
    maxMessages: dice.pick([1, 3, 1_000]),
    isStandby: dice.chance(standby),
  };
}

/** The key of a message. */
export function keyOf({ keys }: Setting, n: number): string {
  return `k${(n * 7) % keys}`;
}

/** Whether no store takes the commit of a message: it publishes to a stream that is full. */
export function isRefused({ hasDeadLetter }: Setting, n: number): boolean {
  return hasDeadLetter && n % 17 === 3;
}

/** Whether a message's handler always fails. */
export function isBad({ hasDeadLetter }: Setting, n: number): boolean {
  return hasDeadLetter && n % 11 === 5;
}
