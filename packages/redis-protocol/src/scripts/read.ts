import { readingScript, type Script } from '../script.js';
import { ENTRY_COUNT, ID_ORDER, RANGE_AFTER, STREAM_DESCRIPTION } from './fragments.js';

/**
 * Reads what follows each position, with the account of what vanished unread, in one atomic step (P20, G7). With a
 * count of 0 it only accounts, which is also what goes pipelined behind a blocking XREAD.
 *
 * KEYS   streams …
 * ARGV   count a stream, bytes in all (about), then for each stream: position, the known number of removed entries or '', and
 *        'count' to count the entries after the position in any case, else ''
 * Output for each stream {facts, chunk …}, every one packed. A chunk is a list of [id, [field, value …]];
 *        facts: [added, length, last, first, deleted, verdict, after]. The verdict says what rules 1 to 3 found:
 *        'after'     the number of entries after the position is known, see `after`
 *        'whole'     nothing after the position was ever removed
 *        'unchanged' nothing was removed since the reader's last exact account
 *        'regressed' the stream is not the one that the position was taken from
 */
export const READ: Script = readingScript(
  ID_ORDER,
  STREAM_DESCRIPTION,
  RANGE_AFTER,
  ENTRY_COUNT,
  `
local function judge(key, stream, position, removed, isForced)
  if stream.length == 0 then return 'after', 0 end
  if before(position, stream.first) then return 'after', stream.length end
  local isPresent = #redis.call('XRANGE', key, position, position, 'COUNT', 1) == 1
  if not isPresent and before(stream.deleted, position) then return 'regressed', 0 end
  if not isForced then
    if isPresent and not before(position, stream.deleted) then return 'whole', 0 end
    if string.format('%.0f', stream.added - stream.length) == removed then return 'unchanged', 0 end
  end
  return 'after', countAfter(key, position, stream.length)
end

local function entries(key, position, count, bytes, out)
  local size = 8
  while count > 0 and bytes > 0 do
    local asked = math.min(count, size)
    local chunk = rangeAfter(key, position, asked)
    if #chunk == 0 then return end
    local packed = cmsgpack.pack(chunk)
    out[#out + 1] = packed
    if #chunk < asked then return end
    bytes = bytes - #packed
    count = count - asked
    size = math.min(size * 2, 128)
    position = chunk[asked][1]
  end
end

local out = {}
for i, key in ipairs(KEYS) do
  local position, removed, isForced = ARGV[3 * i], ARGV[3 * i + 1], ARGV[3 * i + 2] == 'count'
  local stream, failure = describe(key)
  if not stream then return redis.error_reply(failure) end
  local verdict, after = 'regressed', 0
  if not before(stream.last, position) then verdict, after = judge(key, stream, position, removed, isForced) end
  out[i] = {cmsgpack.pack({stream.added, stream.length, stream.last, stream.first, stream.deleted, verdict, after})}
  if verdict ~= 'regressed' and before(position, stream.last) then
    entries(key, position, tonumber(ARGV[1]), tonumber(ARGV[2]) / #KEYS, out[i])
  end
end
return out`,
);
