import { writingScript, type Script } from '../script.js';
import { SERVER_CLOCK } from './fragments.js';

/**
 * Appends an entry at most once per idempotency key within a window of the server's time (P26).
 *
 * KEYS   stream, its idempotency hash
 * ARGV   idempotency key, window in ms, most live keys, packed [field, value …]
 * Output {'appended', id}, {'repeat', id}, or {'full', number of live keys}
 *
 * The hash holds `key:<idempotency key>` → `<server ms>:<entry ID>`, and under `sweep` the cursor where the next call
 * goes on looking for expired keys, ten at a time. Nothing that is alive is ever forgotten: over the bound the call
 * is refused. The hash has no expiry, since servers that evict would choose such keys first. Writing the cursor comes
 * first and proves that the hash can be written; if the stream then refuses, the cursor goes back.
 */
export const APPEND_ONCE: Script = writingScript(
  SERVER_CLOCK,
  `
local stream, memory, field, window = KEYS[1], KEYS[2], 'key:' .. ARGV[1], tonumber(ARGV[2])
local function isAlive(value) return tonumber(string.match(value, '^%d+')) + window > now end
local known = redis.call('HGET', memory, field)
if known and isAlive(known) then return {'repeat', string.match(known, ':(.+)$')} end

local cursor = redis.call('HGET', memory, 'sweep')
local scan = redis.call('HSCAN', memory, cursor or '0', 'COUNT', 10)
local expired = {}
for i = 1, #scan[2], 2 do
  if scan[2][i] ~= 'sweep' and not isAlive(scan[2][i + 1]) then expired[#expired + 1] = scan[2][i] end
end
local live = redis.call('HLEN', memory) - #expired - (cursor and 1 or 0)
if live >= tonumber(ARGV[3]) then
  if #expired > 0 then redis.call('HDEL', memory, unpack(expired, 1, math.min(#expired, 2000))) end
  redis.call('HSET', memory, 'sweep', scan[1])
  return {'full', tostring(live)}
end

redis.call('HDEL', memory, '')
redis.call('HSET', memory, 'sweep', scan[1])
local id = redis.pcall('XADD', stream, '*', unpack(cmsgpack.unpack(ARGV[4])))
if type(id) == 'table' then
  if cursor then redis.call('HSET', memory, 'sweep', cursor) else redis.call('HDEL', memory, 'sweep') end
  return redis.error_reply(id.err)
end
for from = 1, #expired, 2000 do redis.call('HDEL', memory, unpack(expired, from, math.min(from + 1999, #expired))) end
redis.call('HSET', memory, field, string.format('%.0f', now) .. ':' .. id)
return {'appended', id}`,
);
