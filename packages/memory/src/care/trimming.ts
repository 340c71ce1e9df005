import { ConfigurationError, type Retention } from '@ars/core';
import type { Database } from '../store/database.js';
import type { StreamLog } from '../streams/stream-log.js';
import { heldFrom } from './registry.js';

/** So many entries go in one call at most, as on a server that others wait for. */
const ENTRIES_MAX = 10_000;

/**
 * Removes the oldest entries that a retention does not keep, and tells how many (P22). Every registered consumer's
 * position stays, and all that follows it.
 * A length or an age counts whole entries and milliseconds, rounded down.
 * @throws ConfigurationError for a retention that is none
 */
export function trimStream(database: Database, stream: string, retention: Retention, nowMs: number): number {
  checkRetention(stream, retention);
  const log = database.streams.get(stream);
  if (log === undefined) return 0;
  const held = heldFrom(database, stream);
  const consumed = held === undefined ? undefined : log.countBelow(held);
  const count = Math.min(unwanted(log, retention, nowMs, consumed), consumed ?? log.length, ENTRIES_MAX);
  log.trimToLength(log.length - count);
  database.news.changed(stream);
  return count;
}

/** How many of the oldest entries a retention does not ask to keep; without consumers, nothing is consumed. */
function unwanted(log: StreamLog, retention: Retention, nowMs: number, consumed = 0): number {
  if (retention === 'consumed') return consumed;
  if ('maxLength' in retention) return Math.max(0, log.length - Math.floor(retention.maxLength));
  const firstYoungMs = Math.max(0, Math.floor(nowMs) - Math.floor(retention.maxAge) + 1);
  return log.countBelow(`${firstYoungMs}-0`);
}

function checkRetention(stream: string, retention: Retention): void {
  if (retention === 'consumed') return;
  const limit = 'maxLength' in retention ? retention.maxLength : retention.maxAge;
  if (Number.isFinite(limit) && limit >= 0) return;
  const text = `Stream "${stream}" cannot be trimmed: give 'consumed', or a maxLength or maxAge from 0 on`;
  throw new ConfigurationError(text, { stream });
}
