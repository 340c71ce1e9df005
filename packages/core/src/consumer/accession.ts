import type { StoredRecord } from '../store/stored-consumer.js';
import { watchOwner } from './owner-watch.js';
import type { WatchControl, WatchResult } from './owner-watch.js';
import type { Claimed, Ownership } from './ownership.js';
import type { ConsumerPlan } from './plan.js';
import type { Session } from './session.js';

/** Claims at once; as a standby only if there is no owner. Answers `undefined` otherwise, and when it was called off. */
export async function claimAtOnce(
  session: Session,
  plan: ConsumerPlan,
  ownership: Ownership,
  control: WatchControl,
): Promise<Claimed | undefined> {
  const mayClaim = (record: StoredRecord | undefined): boolean => !control.isOff() && (!plan.standby || isFree(record));
  const isAlive = !plan.standby && (await showsLife(session, plan, control));
  const claimed = await ownership.claim(session, mayClaim);
  return claimed !== undefined && isAlive ? { ...claimed, isSuspicious: false } : claimed;
}

/**
 * Waits until the owner has released or is silent, then claims; `undefined` when called off, or when another was faster.
 * Waits for nobody when the owner is this one itself, by a claim that was applied although it was cut short.
 */
export async function claimInTurn(
  session: Session,
  plan: ConsumerPlan,
  ownership: Ownership,
  control: WatchControl,
): Promise<Claimed | undefined> {
  const { owner } = ownership.token;
  const again = owner === '' ? undefined : await ownership.claim(session, (record) => record?.owner === owner);
  if (again !== undefined) return again;
  const result = await watchOwner(session.home, plan, 'free', control);
  if (result.kind === 'off') return undefined;
  return ownership.claim(session, (record) => isFree(record) || isStillSilent(record, result));
}

function isFree(record: StoredRecord | undefined): boolean {
  return record === undefined || record.owner === '';
}

function isStillSilent(record: StoredRecord | undefined, result: WatchResult): boolean {
  if (result.kind !== 'silent' || record === undefined) return false;
  const { owner, epoch, heartbeat } = result.sight;
  return record.owner === owner && record.epoch === epoch && record.heartbeat === heartbeat;
}

/**
 * Whether the owner lives, asked only where a message would be condemned for its death: one that has ended as many
 * processes as there are attempts. Then a lease is worth waiting for.
 */
async function showsLife(session: Session, plan: ConsumerPlan, control: WatchControl): Promise<boolean> {
  if (plan.deadLetter === undefined) return false;
  const { record } = await session.home.inspect();
  const casualties = record?.suspect?.count ?? 0;
  if (isFree(record) || casualties < plan.retry.attempts || record!.quietMs > plan.leaseMs) return false;
  return (await watchOwner(session.home, plan, 'news', control)).kind === 'alive';
}
