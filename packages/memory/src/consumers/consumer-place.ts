import type { ConsumerAddress, Inspection } from '@ars/core';
import type { Database } from '../store/database.js';
import { answeredRecord } from './consumer-record.js';
import { answeredState } from './consumer-state.js';

/** A consumer's address with the names under which the store keeps what belongs to it. */
export interface ConsumerPlace {
  readonly address: ConsumerAddress;
  /** Name of its record. */
  readonly record: string;
  /** Name of its state; `null` for a consumer without state. */
  readonly state: string | null;
}

/** Where a consumer's record and state are kept. The address is copied. */
export function placeOf(address: ConsumerAddress): ConsumerPlace {
  const copy = { ...address, streams: [...address.streams] };
  return { address: copy, record: recordName(copy), state: stateKey(copy) };
}

/** Everything stored for a consumer, as copies. */
export function inspect(database: Database, { address, record, state }: ConsumerPlace, nowMs: number): Inspection {
  const storedRecord = database.records.get(record);
  const storedState = state === null ? undefined : database.states.get(state);
  return {
    record: storedRecord && answeredRecord(storedRecord, nowMs),
    isRegistered:
      address.readsHere && address.streams.some((stream) => database.registry.get(stream)?.has(record) === true),
    state: storedState && answeredState(storedState, record),
  };
}

/** A name part with the layout's own characters percent-encoded, so that no two addresses give one name (P23). */
function encoded(part: string): string {
  return part.replace(/[%:{}]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Name of a consumer's record, as in the Redis layout: `ars:{orders}:consumer:orders:order-processor`. */
function recordName({ home, scope, consumerId }: ConsumerAddress): string {
  return `ars:{${encoded(home)}}:consumer:${scopedName(scope, consumerId)}`;
}

/** Name under which streams' registries here list a consumer that commits elsewhere, so that it never meets a record's. */
export function foreignName({ home, scope, consumerId }: ConsumerAddress): string {
  return `ars:{${encoded(home)}}:foreign:${scopedName(scope, consumerId)}`;
}

/**
 * Name of a consumer's state: `ars:{orders}:state:order-counter`, or `ars:{orders}:keyed:…` for one state a key; `null`
 * for a consumer without state.
 */
function stateKey({ home, scope, consumerId, stateName, isKeyed }: ConsumerAddress): string | null {
  if (stateName === null) return null;
  const kind = isKeyed ? 'keyed' : 'state';
  return `ars:{${encoded(home)}}:${kind}:${stateName === undefined ? scopedName(scope, consumerId) : encoded(stateName)}`;
}

function scopedName(scope: string, consumerId: string): string {
  return `${encoded(scope)}:${encoded(consumerId)}`;
}
