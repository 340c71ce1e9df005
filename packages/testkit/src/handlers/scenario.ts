/** What goes wrong in one run of a handler, and at which message (counted from 0). */
export type Scenario =
  | { readonly kind: 'plain' }
  | { readonly kind: FaultKind; readonly at: number }
  | { readonly kind: 'random'; readonly seed: number };

/** A fault that is tried at single messages. */
export type FaultKind =
  | 'failure'
  | 'death before the commit'
  | 'death after the commit'
  | 'lost answer'
  | 'takeover'
  | 'failover';

/** Every such fault. */
export const FAULT_KINDS: readonly FaultKind[] = [
  'failure',
  'death before the commit',
  'death after the commit',
  'lost answer',
  'takeover',
  'failover',
];

/** A scenario in words, as part of a sentence. */
export function describeScenario(scenario: Scenario): string {
  if (scenario.kind === 'plain') return 'a run without faults';
  if (scenario.kind === 'random') return `a run with random faults (seed ${scenario.seed})`;
  return `a run with a ${scenario.kind} at message ${scenario.at + 1}`;
}
