import type { OwnerSight } from '../store/claim.js';
import type { ConsumerHome } from '../store/stream-store.js';
import type { ConsumerPlan } from './plan.js';

/** What became of a watched owner. */
export type WatchResult =
  /** It released the consumer, or nobody ever had it. */
  | { readonly kind: 'free' }
  /** It has shown no life for the lease; this is the last that was seen of it. */
  | { readonly kind: 'silent'; readonly sight: OwnerSight }
  /** It has shown life, or another has come, where that is what was waited for. */
  | { readonly kind: 'alive' }
  /** The watch was called off. */
  | { readonly kind: 'off' };

/** What the caller of a watch has to say. */
export interface WatchControl {
  /** Whether the watch is called off. */
  readonly isOff: () => boolean;
  /** Waits, and less when it is called off. */
  readonly rest: (delayMs: number) => Promise<void>;
}

/** How often a lease is looked at; between these bounds in milliseconds. */
const LOOKS_PER_LEASE = 200;
const LOOK_MS_MIN = 5;
const LOOK_MS_MAX = 50;

/**
 * Silence between two looks counts for at most this part of a lease: if the store did not answer for longer, or this
 * process stood still, the owner may live and not have been heard either.
 */
const UNSEEN_MAX = 0.1;

/**
 * Watches an owner by its heartbeat: only that it changes, or has not for `leaseMs` of this process's own clock, means
 * something (PROTOCOL P4). Safety never rests on it: whoever claims fences, even a live owner.
 */
export async function watchOwner(
  home: ConsumerHome,
  { environment, leaseMs }: ConsumerPlan,
  until: 'free' | 'news',
  control: WatchControl,
): Promise<WatchResult> {
  const lookMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, leaseMs / LOOKS_PER_LEASE));
  let last: OwnerSight | undefined;
  let quietMs = 0;
  let lookedAt = environment.now();
  while (!control.isOff()) {
    const sight = await home.glance();
    const unseenMs = environment.now() - lookedAt;
    lookedAt += unseenMs;
    if (sight === undefined || sight.owner === '') return { kind: 'free' };
    if (last === undefined || hasMoved(last, sight)) {
      if (last !== undefined && until === 'news') return { kind: 'alive' };
      last = sight;
      quietMs = 0;
    } else quietMs += Math.min(unseenMs, leaseMs * UNSEEN_MAX);
    if (quietMs >= leaseMs) return { kind: 'silent', sight };
    await control.rest(lookMs);
  }
  return { kind: 'off' };
}

function hasMoved(before: OwnerSight, now: OwnerSight): boolean {
  return before.owner !== now.owner || before.epoch !== now.epoch || before.heartbeat !== now.heartbeat;
}
