import { readingScript, type Script } from '../script.js';
import { STATE_AGREEMENT } from './fragments.js';

/**
 * Reads the states of some keys for the consumer's owner (P27). Whoever gets values knows that they are those of the
 * commit that the record names, and that nobody else had the consumer when they were read.
 *
 * KEYS   record, keyed state
 * ARGV   owner, renewal, packed fields
 * Output {'gone', 'record' or 'state'}, {'fenced'}, or {'loaded', chunk …}: the values in the order of the fields,
 *        packed, `false` where there is none.
 */
export const LOAD: Script = readingScript(
  STATE_AGREEMENT,
  `
local head = redis.call('HMGET', KEYS[1], 'owner', 'renewal', 'stateCommit')
if not head[1] then return {'gone', 'record'} end
if ARGV[1] == '' or head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then return {'fenced'} end
local kept = redis.call('HMGET', KEYS[2], 'owner', 'commit')
if not agrees(kept, head[3], KEYS[1]) then return {'gone', 'state'} end
local fields = cmsgpack.unpack(ARGV[3])
local out = {'loaded'}
for from = 1, #fields, 2000 do
  local upTo = math.min(from + 1999, #fields)
  out[#out + 1] = cmsgpack.pack(redis.call('HMGET', KEYS[2], unpack(fields, from, upTo)))
end
return out`,
);
