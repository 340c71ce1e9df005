import { writingScript, type Script } from '../script.js';
import { SERVER_CLOCK } from './fragments.js';

/**
 * Raises an owner's renewal number and heartbeat (P2). Idempotent: the same or a higher number is held, and nothing
 * else of the record changes. A lower number is an attempt that was overtaken by a later one, and is fenced by it; an
 * empty owner is nobody's, though a released record has it.
 *
 * KEYS   record
 * ARGV   owner, renewal
 * Output {'held', commitId}, {'fenced', epoch} or {'gone'}
 */
export const RENEW: Script = writingScript(
  SERVER_CLOCK,
  `
local head = redis.call('HMGET', KEYS[1], 'owner', 'renewal', 'epoch', 'heartbeat', 'commitId')
if not head[1] then return {'gone'} end
if ARGV[1] == '' or head[1] ~= ARGV[1] or tonumber(ARGV[2]) < tonumber(head[2]) then return {'fenced', head[3]} end
local heartbeat = math.max(tonumber(head[4]) + 1, now)
redis.call('HSET', KEYS[1], 'renewal', ARGV[2], 'heartbeat', string.format('%.0f', heartbeat))
return {'held', head[5]}`,
);
