import { StreamGapError } from '../domain/errors.js';
import type { DurabilityKind, DurabilityLevel } from '../store/durability.js';
import type { StreamStore } from '../store/stream-store.js';
import type { StreamGap } from '../transaction/delivery.js';
import { isDefinition } from '../transaction/stream-definition.js';
import type { StreamLike } from '../transaction/stream-definition.js';
import type { Transaction } from '../transaction/transaction.js';
import {
  choiceOption,
  countOption,
  flagOption,
  nameOption,
  objectOption,
  refuseOption,
  refuseUnknown,
} from './checks.js';
import type { FailureVerdict } from './options.js';

/** How failing messages are handled again, with every default filled in. */
export interface RetryPlan {
  readonly attempts: number;
  readonly minDelayMs: number;
  readonly maxDelayMs: number;
  readonly when: (error: unknown, attempt: number) => FailureVerdict;
}

/** Lets a gap pass, or throws `StreamGapError`. */
export type GapPolicy = (gap: StreamGap, transaction: Transaction<object>) => unknown;

/** How far commits must come, and what happens when they do not. */
export interface DurabilityPlan extends DurabilityLevel {
  readonly onShortfall: 'pause' | 'stop';
}

/** With dead letters nothing is tried for ever. */
const ATTEMPTS_WITH_DEAD_LETTER = 5;

/** The option `deadLetter`. */
export function deadLetterOption(
  value: unknown,
  streams: readonly string[],
  problem: (stream: string) => string | undefined,
): StreamLike | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'string' && !isDefinition(value))
    refuseOption('deadLetter', 'a stream: a name, or what defineStream returned');
  const name = nameOption('deadLetter', typeof value === 'string' ? value : value.name);
  if (streams.includes(name)) refuseOption('deadLetter', 'another stream than the consumer reads');
  const why = problem(name);
  return why === undefined ? value : refuseOption('deadLetter', `a stream that can be written here: ${why}`);
}

/** The option `retry`. */
export function retryOption(value: unknown, hasDeadLetter: boolean): RetryPlan {
  const given = value === undefined ? {} : (objectOption('retry', value) as Record<string, unknown>);
  refuseUnknown(given, ['attempts', 'minDelayMs', 'maxDelayMs', 'when'], 'retry.');
  const fallback = hasDeadLetter ? ATTEMPTS_WITH_DEAD_LETTER : Infinity;
  const attempts =
    given['attempts'] === Infinity ? Infinity : countOption('retry.attempts', given['attempts'], fallback);
  const most = countOption('retry.maxDelayMs', given['maxDelayMs'], 30_000, 0);
  const minDelayMs = countOption('retry.minDelayMs', given['minDelayMs'], Math.min(100, most), 0);
  const maxDelayMs = given['maxDelayMs'] === undefined ? Math.max(most, minDelayMs) : most;
  if (maxDelayMs < minDelayMs) refuseOption('retry.maxDelayMs', 'at least retry.minDelayMs');
  const { when = () => 'retry' } = given;
  if (typeof when !== 'function') refuseOption('retry.when', 'a function of the error and the attempt');
  return { attempts, minDelayMs, maxDelayMs, when: when as RetryPlan['when'] };
}

/** The option `onGap`, as a function that returns when the gap is to be skipped. */
export function gapOption(value: unknown, consumer: string): GapPolicy {
  if (typeof value === 'function') return (gap, transaction) => decide(value(gap, transaction), gap, consumer);
  const choice = choiceOption('onGap', value, ['fail', 'skip'], 'fail');
  return (gap) => decide(choice, gap, consumer);
}

function decide(choice: unknown, gap: StreamGap, consumer: string): unknown {
  if (choice === 'skip') return undefined;
  if (typeof choice === 'object' && choice !== null && 'then' in choice)
    return (choice as Promise<unknown>).then((settled) => decide(settled, gap, consumer));
  if (choice === 'fail') throw gapError(gap, consumer);
  throw new TypeError("onGap must answer 'fail' or 'skip', or a promise of one.");
}

/** The error for entries that vanished unread. */
export function gapError({ stream, lost, after, upTo }: StreamGap, consumer: string): StreamGapError {
  return new StreamGapError(
    `${lost} entries of stream "${stream}" were deleted or trimmed before consumer "${consumer}" read them ` +
      `(after ${after}, up to ${upTo}). To go on without them, set onGap to 'skip'.`,
    { stream, consumer, lost, after, upTo },
  );
}

/** The option `durability`; the store says what it can give. */
export function durabilityOption(value: unknown, store: StreamStore): DurabilityPlan | undefined {
  if (value === undefined) return undefined;
  const given = objectOption('durability', value) as Record<string, unknown>;
  refuseUnknown(given, ['replicas', 'fsync', 'timeoutMs', 'onShortfall'], 'durability.');
  const replicas = countOption('durability.replicas', given['replicas'], 0, 0);
  const fsync = flagOption('durability.fsync', given['fsync'], false);
  if (replicas === 0 && !fsync) refuseOption('durability', 'given with replicas of at least 1, fsync: true, or both');
  const asked: DurabilityKind[] = [
    ...(replicas > 0 ? (['replicas'] as const) : []),
    ...(fsync ? (['fsync'] as const) : []),
  ];
  const missing = asked.find((kind) => !store.durability.includes(kind));
  if (missing !== undefined) refuseOption(`durability.${missing}`, `left out: ${store.name} cannot wait for it`);
  return {
    replicas,
    fsync,
    timeoutMs: countOption('durability.timeoutMs', given['timeoutMs'], 1_000),
    onShortfall: choiceOption('durability.onShortfall', given['onShortfall'], ['pause', 'stop'], 'pause'),
  };
}
