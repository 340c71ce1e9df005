import { freeingScript, type Script } from '../script.js';
import { ID_ORDER, REGISTERED, SERVER_CLOCK, STREAM_DESCRIPTION } from './fragments.js';

/**
 * Removes what a stream need not keep, oldest first, and never what a registered consumer has not committed (P22).
 *
 * KEYS   stream, its registry of consumers
 * ARGV   'consumed', 'maxLength' or 'maxAge', and its number
 * Output how many entries were removed, in decimal
 *
 * `cut` is the first ID to keep: at most the smallest registered position, whose entry stays; without a registered
 * consumer 'consumed' removes nothing, and what is exactly as old as 'maxAge' is not younger, so it goes. At most 10,000 entries go in one call, for 'maxLength' at most those that are
 * too many. First whole nodes go, which costs little (`~` with a LIMIT that the server counts before it removes a
 * node); then of the node that is left up to 100 entries, exactly. The script needs no memory, so it also runs when
 * there is none left.
 */
export const TRIM: Script = freeingScript(
  ID_ORDER,
  STREAM_DESCRIPTION,
  REGISTERED,
  SERVER_CLOCK,
  `
local key, kind, number = KEYS[1], ARGV[1], tonumber(ARGV[2])
local stream, failure = describe(key)
if not stream then return redis.error_reply(failure) end
if stream.length == 0 then return '0' end
local cut, limit = lowest(KEYS[2]), 10000
if kind == 'consumed' and not cut then return '0' end
if kind == 'maxLength' then limit = math.min(limit, stream.length - number) end
if kind == 'maxAge' then
  local aged = string.format('%.0f', math.max(0, now - number + 1)) .. '-0'
  if not cut or before(aged, cut) then cut = aged end
end
cut = cut or '18446744073709551615-18446744073709551615'
if limit <= 0 or cut == '0-0' then return '0' end

local removed = redis.call('XTRIM', key, 'MINID', '~', cut, 'LIMIT', string.format('%.0f', limit))
local rest = math.min(limit - removed, 100)
if rest > 0 then
  local left = redis.call('XRANGE', key, '-', '(' .. cut, 'COUNT', string.format('%.0f', rest + 1))
  if left[rest + 1] then cut = left[rest + 1][1] end
  removed = removed + redis.call('XTRIM', key, 'MINID', '=', cut)
end
return string.format('%.0f', removed)`,
);
