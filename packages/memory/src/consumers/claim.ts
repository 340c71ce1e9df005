import type { ClaimAnswer, ClaimRequest } from '@ars/core';
import type { Database } from '../store/database.js';
import { type ConsumerPlace, inspect } from './consumer-place.js';
import { type ConsumerRecord, newRecord, showLife, storedCursor } from './consumer-record.js';

/**
 * Takes ownership, as one step (PROTOCOL P1): a compare-and-set on the epoch, so that a delayed duplicate of an older
 * claim does nothing, and a repeated one of the same owner answers as before.
 */
export function claim(database: Database, place: ConsumerPlace, request: ClaimRequest, nowMs: number): ClaimAnswer {
  let record = database.records.get(place.record);
  if (record?.owner !== request.owner) {
    if ((record?.epoch ?? 0) !== request.expectedEpoch) return { outcome: 'conflict' };
    if (record === undefined) {
      record = newRecord(place.address.consumerId, request.owner);
      database.records.set(place.record, record);
    }
    takeOver(record, request, nowMs);
    register(database, place, record);
  }
  return { outcome: 'claimed', epoch: record.epoch, inspection: inspect(database, place, nowMs) };
}

function takeOver(record: ConsumerRecord, { owner, ownEpoch, starts }: ClaimRequest, nowMs: number): void {
  record.epoch = Math.max(record.epoch, ownEpoch) + 1;
  record.owner = owner;
  record.renewal = 0;
  showLife(record, nowMs);
  for (const start of starts) {
    if (!record.cursors.has(start.stream)) record.cursors.set(start.stream, storedCursor(start));
  }
}

/** Lists the consumer at its positions, as a commit does, also where it was taken out of a registry. */
function register(database: Database, { address, record: name }: ConsumerPlace, record: ConsumerRecord): void {
  if (!address.readsHere) return;
  for (const stream of address.streams) {
    const cursor = record.cursors.get(stream);
    if (cursor !== undefined) database.register(stream, name, cursor.position);
  }
}
