import { writingScript, type Script } from '../script.js';
import { SERVER_CLOCK } from './fragments.js';
import { STORED_CONSUMER } from './record.js';

/**
 * Takes ownership of a consumer: a compare-and-set on the epoch (P1, G3). Repeating a claim that succeeded gives the
 * same answer and changes nothing; a late duplicate finds another epoch and changes nothing either.
 *
 * KEYS   record, [state], registry of each stream it reads here …
 * ARGV   owner, expected epoch, own last epoch, what to read of the state (see `INSPECT`), packed [starts, streams]
 *        starts:  [stream, position, read] …
 *        streams: those it reads here, in the order of their registries in KEYS
 * Output {'conflict'}, or {'claimed', packed}, see `STORED_CONSUMER`; its time minus the heartbeat in it is the age of
 *        the previous owner's life sign, and the rest is as of the claim.
 *
 * Positions are stored only for streams without one (P21). Every stream that it reads here is registered at the position
 * that the record then has, as by a commit: also where the consumer was taken out of the registry, or this lists another
 * position, since trimming (G7) knows nothing but the registry. The registry comes first, since a registry entry without a
 * record reads as a lost record (P16): if the record then cannot be written, the entries become what they were, with
 * commands that were tried before.
 */
export const CLAIM: Script = writingScript(
  SERVER_CLOCK,
  STORED_CONSUMER,
  `
local record, owner = KEYS[1], ARGV[1]
local around = lookAround(ARGV[4])
local head = {}
local known = redis.call('HGETALL', record)
for i = 1, #known, 2 do head[known[i]] = known[i + 1] end
local function answer(previousHeartbeat)
  local fields = redis.call('HGETALL', record)
  for i = 1, #fields, 2 do
    if fields[i] == 'heartbeat' then fields[i + 1] = previousHeartbeat end
  end
  return {'claimed', stored(now, fields, around)}
end
if head.owner == owner then return answer(head.heartbeat) end
if tonumber(head.epoch or '0') ~= tonumber(ARGV[2]) then return {'conflict'} end

local epoch = math.max(tonumber(ARGV[2]), tonumber(ARGV[3])) + 1
local heartbeat = math.max(tonumber(head.heartbeat or '0') + 1, now)
local writes = {'owner', owner, 'renewal', '0', 'epoch', string.format('%.0f', epoch),
  'heartbeat', string.format('%.0f', heartbeat)}
local function write(field, value)
  writes[#writes + 1] = field
  writes[#writes + 1] = value
end
if not head.owner then
  write('layout', '1')
  write('commitId', owner)
end
local starts, streams = unpack(cmsgpack.unpack(ARGV[5]))
for _, start in ipairs(starts) do
  local field = 'position:' .. start[1]
  if not head[field] then
    head[field] = start[2]
    write(field, start[2])
    write('read:' .. start[1], start[3])
  end
end
local entries = {}
for i, stream in ipairs(streams) do
  local registry, position = KEYS[#KEYS - #streams + i], head['position:' .. stream]
  local listed = redis.call('HGET', registry, record)
  if position and listed ~= position then
    if not listed then redis.call('HDEL', registry, record) end
    entries[#entries + 1] = {registry, position, listed}
  end
end

local done, failure = 0, nil
for _, entry in ipairs(entries) do
  local reply = redis.pcall('HSET', entry[1], record, entry[2])
  failure = type(reply) == 'table' and reply.err
  if failure then break end
  done = done + 1
end
for from = 1, #writes, 2000 do
  if failure then break end
  local reply = redis.pcall('HSET', record, unpack(writes, from, math.min(from + 1999, #writes)))
  failure = type(reply) == 'table' and reply.err
end
if failure then
  for i = 1, done do
    local registry, _, listed = unpack(entries[i])
    if listed then redis.call('HSET', registry, record, listed) else redis.call('HDEL', registry, record) end
  end
  return redis.error_reply(failure)
end
if #entries > 0 then around.isRegistered = '1' end
return answer(head.heartbeat or string.format('%.0f', heartbeat))`,
);
