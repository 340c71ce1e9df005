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

/** How often a lease is looked at; between these bounds in milliseconds. */
const LOOKS_PER_LEASE = 200;
const LOOK_MS_MIN = 5;
const LOOK_MS_MAX = 50;

/**
 * Watches an owner by its heartbeat: only that it changes, or has not for `leaseMs` of this process's own clock, means
 * something (PROTOCOL P4). Safety never rests on it: whoever claims fences, even a live owner.
 */
export async function watchOwner(
  home: ConsumerHome,
  { environment, leaseMs }: ConsumerPlan,
  until: 'free' | 'news',
  isOff: () => boolean,
): Promise<WatchResult> {
  const lookMs = Math.min(LOOK_MS_MAX, Math.max(LOOK_MS_MIN, leaseMs / LOOKS_PER_LEASE));
  let last: OwnerSight | undefined;
  let since = environment.now();
  while (!isOff()) {
    const sight = await home.glance();
    if (sight === undefined || sight.owner === '') return { kind: 'free' };
    if (last === undefined || hasMoved(last, sight)) {
      if (last !== undefined && until === 'news') return { kind: 'alive' };
      last = sight;
      since = environment.now();
    } else if (environment.now() - since >= leaseMs) return { kind: 'silent', sight };
    await new Promise<void>((resolve) => environment.after(lookMs, resolve));
  }
  return { kind: 'off' };
}

function hasMoved(before: OwnerSight, now: OwnerSight): boolean {
  return before.owner !== now.owner || before.epoch !== now.epoch || before.heartbeat !== now.heartbeat;
}
