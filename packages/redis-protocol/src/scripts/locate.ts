import { readingScript, type Script } from '../script.js';
import { ENTRY_COUNT, ID_ORDER, RANGE_AFTER, STREAM_DESCRIPTION } from './fragments.js';

/**
 * Turns a start point into a cursor at the last existing entry before it (P20, P21).
 *
 * KEYS   stream
 * ARGV   'beginning', 'end' or 'after', and with 'after' the position that nothing up to it is wanted of, and the ID
 *        that was asked for
 * Output {'located', position, read} or {'beyond', last ID} for an ID that the stream has not reached. A missing
 *        stream is located at 0-0 and 0.
 */
export const LOCATE: Script = readingScript(
  ID_ORDER,
  STREAM_DESCRIPTION,
  RANGE_AFTER,
  ENTRY_COUNT,
  `
local stream, failure = describe(KEYS[1])
if not stream then return redis.error_reply(failure) end
if stream.isMissing then return {'located', '0-0', '0'} end
local function located(position, read) return {'located', position, string.format('%.0f', read)} end
if ARGV[1] == 'beginning' then return located('0-0', stream.added - stream.length) end
if ARGV[1] == 'after' and before(stream.last, ARGV[3]) then return {'beyond', stream.last} end
local upTo = ARGV[1] == 'end' and '+' or ARGV[2]
local found = redis.call('XREVRANGE', KEYS[1], upTo, '-', 'COUNT', 1)[1]
local position = found and found[1] or '0-0'
if ARGV[1] == 'end' then return located(position, stream.added) end
if not found then return located('0-0', stream.added - stream.length) end
return located(position, stream.added - countAfter(KEYS[1], position, stream.length))`,
);
