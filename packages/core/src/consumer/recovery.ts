import type { ArsError } from '../domain/errors.js';
import type { Claimed, Ownership } from './ownership.js';
import { admit } from './admission.js';
import type { ConsumerPlan } from './plan.js';
import { openSession } from './session.js';
import type { Session } from './session.js';

/** Why a consumer cannot go on without looking: a connection or an answer was lost, or the store said it was rewound. */
export interface Doubt {
  readonly kind: 'lost' | 'stale';
  readonly error: ArsError | undefined;
}

/** What the consumer remembers and compares with the store. */
export interface Remembered {
  /** The history under which its uncommitted entries were read. */
  readonly history: string;
  /** The last commit known to be applied. */
  readonly base: string;
  /** The commit whose answer was lost, if one was under way. */
  readonly pending: string | undefined;
}

/** What the store turned out to hold. */
export type Verdict =
  /** The pending commit was applied; only its answer was lost. */
  | { readonly kind: 'applied'; readonly sameHistory: boolean }
  /** Everything is as before the pending commit: it can be sent again. */
  | { readonly kind: 'unchanged' }
  /** The base is there, but under another server's history: what was read and is not committed must be read again. */
  | { readonly kind: 'moved' }
  /** The store holds something else: continue from its checkpoint. */
  | { readonly kind: 'rewound'; readonly claimed: Claimed };

/** New connections, and what was found over them. */
export interface Resolution {
  readonly session: Session;
  readonly verdict: Verdict;
}

/**
 * The one way back after any doubt (PROTOCOL P13): open both connections again, renew the claim so that nothing sent
 * under the old renewal can still take effect, and compare the stored commitId. Nothing is guessed (G4), and memory
 * never stays ahead of the store (G8). Throws `FencedError` or `StateLostError` where there is no way back, and
 * `StoreUnavailableError` to be tried again.
 */
export async function resolveDoubt(
  doubt: Doubt,
  remembered: Remembered,
  plan: ConsumerPlan,
  ownership: Ownership,
): Promise<Resolution> {
  const session = await openSession(plan.source, plan.store, plan.address, plan.environment);
  try {
    const renewed = await ownership.renew(session);
    if (renewed.outcome === 'overtaken') {
      return { session, verdict: { kind: 'rewound', claimed: (await ownership.claim(session))! } };
    }
    const sameHistory = session.history === remembered.history;
    if (renewed.commitId === remembered.pending) return { session, verdict: { kind: 'applied', sameHistory } };
    if (renewed.commitId === remembered.base && doubt.kind === 'lost') {
      return { session, verdict: { kind: sameHistory ? 'unchanged' : 'moved' } };
    }
    return { session, verdict: { kind: 'rewound', claimed: await reload(session, plan, ownership) } };
  } catch (error) {
    session.close();
    throw error;
  }
}

async function reload(session: Session, plan: ConsumerPlan, ownership: Ownership): Promise<Claimed> {
  const inspection = await session.home.inspect();
  const checkpoint = admit(inspection, plan.address, plan.state);
  return { epoch: ownership.epoch, checkpoint, commitId: inspection.record!.commitId, isSuspicious: false };
}
