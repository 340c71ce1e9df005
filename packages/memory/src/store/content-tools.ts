import {
  compareIds,
  ConfigurationError,
  type EntryId,
  type FieldsInput,
  type FieldValue,
  isEntryId,
  MessageValidationError,
  type StoredEntry,
  type StoredFields,
  type StoredValue,
} from '@ars/core';
import { type StoredContent, storedContent } from '../streams/stored-content.js';
import type { StreamLog } from '../streams/stream-log.js';
import type { MemoryEntry, MemoryStreamInfo, TrimTarget } from './memory-store.js';

/**
 * Copies fields, in either shape, into the store.
 * @throws MessageValidationError when no server would take them
 */
export function acceptedContent(stream: string, fields: FieldsInput | StoredFields): StoredContent {
  const content = storedContent(isFlat(fields) ? fields : flat(stream, fields));
  if (typeof content !== 'string') return content;
  throw new MessageValidationError(`An entry for stream "${stream}" ${content}`, { stream });
}

/**
 * Checks an ID that the caller chose.
 * @throws ConfigurationError when it is no ID, or not above the stream's last one
 */
export function explicitId(stream: string, id: EntryId, lastId: EntryId): void {
  const details = { stream, entry: id, lastId };
  if (!isEntryId(id)) throw new ConfigurationError(`"${id}" is not an entry ID such as 1526919030474-55`, details);
  if (compareIds(id, lastId) > 0) return;
  throw new ConfigurationError(`ID ${id} is not above ${lastId}, the last ID of stream "${stream}"`, details);
}

/**
 * Deletes entries and tells how many there were.
 * @throws ConfigurationError for something that is no ID; nothing is deleted then
 */
export function deleteFrom(log: StreamLog | undefined, ids: readonly EntryId[]): number {
  for (const id of ids) if (!isEntryId(id)) throw new ConfigurationError(`"${id}" is not an entry ID`, { entry: id });
  return log?.delete(ids) ?? 0;
}

/** Trims a stream and tells how many entries went. */
export function trimLog(log: StreamLog, to: TrimTarget): number {
  if ('minId' in to) {
    if (!isEntryId(to.minId)) throw new ConfigurationError(`minId "${to.minId}" is not an entry ID`);
    return log.trimBelow(to.minId);
  }
  if (Number.isSafeInteger(to.maxLength) && to.maxLength >= 0) return log.trimToLength(to.maxLength);
  throw new ConfigurationError('truncate needs a minId, or a maxLength that is an integer from 0 on');
}

/** An entry as `entries` lists it. */
export function listedEntry({ id, fields }: StoredEntry): MemoryEntry {
  const pairs: [string, StoredValue][] = [];
  for (let index = 0; index < fields.length; index += 2) pairs.push([nameText(fields[index]!), fields[index + 1]!]);
  return { id, fields, message: Object.fromEntries(pairs) };
}

/** A stream's counters, as a copy. */
export function streamInfo({ length, added, firstId, lastId, maxDeletedId }: StreamLog): MemoryStreamInfo {
  return { length, added, firstId, lastId, maxDeletedId };
}

function isFlat(fields: FieldsInput | StoredFields): fields is StoredFields {
  return Array.isArray(fields);
}

function flat(stream: string, fields: FieldsInput): StoredFields {
  return Object.entries(fields).flatMap(([name, value]) => [name, fieldValue(stream, name, value)]);
}

/** A value as it is stored; what is no field value at all is refused later, with everything else. */
function fieldValue(stream: string, name: string, value: FieldValue): StoredValue {
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new MessageValidationError(`Field "${name}" of an entry for stream "${stream}" is not finite`, { stream });
  }
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : value;
}

function nameText(name: StoredValue): string {
  return typeof name === 'string' ? name : Buffer.from(name).toString('latin1');
}
