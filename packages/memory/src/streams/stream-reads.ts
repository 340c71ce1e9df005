import {
  BEGINNING,
  compareIds,
  ConfigurationError,
  isEntryId,
  type ReadRequest,
  type StartPoint,
  type StreamCursor,
  type StreamRead,
} from '@ars/core';
import { accountForLoss, MISSING_STREAM, type StreamFacts } from './loss-account.js';
import type { StreamLog } from './stream-log.js';

/** What a reader that stands at a cursor gets of a stream; `log` is `undefined` for a missing one. */
function readStream(
  log: StreamLog | undefined,
  cursor: StreamCursor,
  maxEntries: number,
  maxBytes: number,
): StreamRead {
  const facts: StreamFacts = log ?? MISSING_STREAM;
  const upTo = log?.countUpTo(cursor.position) ?? 0;
  const isPresent = log?.at(upTo - 1)?.id === cursor.position;
  const account = accountForLoss(cursor, facts, { isPresent, entriesAfter: facts.length - upTo });
  const entries = account.regressed ? [] : (log?.slice(upTo, maxEntries, maxBytes) ?? []);
  return {
    stream: cursor.stream,
    entries,
    ...account,
    cursor: {
      stream: cursor.stream,
      position: entries.at(-1)?.id ?? cursor.position,
      read: cursor.read + account.lost + entries.length,
    },
    added: facts.added,
    lastId: facts.lastId,
  };
}

/**
 * Reads every stream of a request, without waiting. Each stream with something new gives at least one entry, so that a
 * backlog in one of them never starves another; `maxBytes` is split evenly.
 */
export function readStreams(streams: ReadonlyMap<string, StreamLog>, request: ReadRequest): StreamRead[] {
  const maxBytes = Math.floor(request.maxBytes / request.cursors.length);
  return request.cursors.map((cursor) => readStream(streams.get(cursor.stream), cursor, request.maxEntries, maxBytes));
}

/** Whether a read tells anything, so that its reader need not wait. */
export function hasNews({ entries, lost, regressed }: StreamRead): boolean {
  return entries.length > 0 || lost > 0 || regressed;
}

/** How many of a stream's entries lie before the start point. */
function countBefore(log: StreamLog, start: StartPoint): number {
  if (start === 'beginning') return 0;
  if (start === 'end') return log.length;
  const upTo = log.countUpTo(start.fromId);
  return log.at(upTo - 1)?.id === start.fromId ? upTo - 1 : upTo;
}

function checkStart(stream: string, log: StreamLog | undefined, start: StartPoint): void {
  if (typeof start === 'string') return;
  if (!isEntryId(start.fromId)) {
    throw new ConfigurationError(`startFrom "${start.fromId}" is not an entry ID`, { stream });
  }
  if (log !== undefined && compareIds(start.fromId, log.lastId) > 0) {
    const text = `startFrom ${start.fromId} is ahead of stream "${stream}", whose last ID is ${log.lastId}`;
    throw new ConfigurationError(text, { stream, entry: start.fromId, lastId: log.lastId });
  }
}

/**
 * Turns a start point into a cursor at the last existing entry before it, so that what vanished earlier is not counted
 * as lost. A missing stream gives `0-0` and 0 for every start point.
 */
export function locateStart(log: StreamLog | undefined, stream: string, start: StartPoint): StreamCursor {
  checkStart(stream, log, start);
  if (log === undefined) return { stream, position: BEGINNING, read: 0 };
  const before = countBefore(log, start);
  return { stream, position: log.at(before - 1)?.id ?? BEGINNING, read: log.added - (log.length - before) };
}
