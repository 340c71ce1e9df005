import { writingScript, type Script } from '../script.js';

/**
 * Gives ownership up and removes the mark of a suspect, if the token still holds it (P4, P19); positions, state and
 * epoch stay. An empty owner holds nothing. HDEL is proven by an absent field before anything is written.
 *
 * KEYS   record
 * ARGV   owner, renewal
 * Output {'released'} or {'kept'}
 */
export const RELEASE: Script = writingScript(`
local head = redis.call('HMGET', KEYS[1], 'owner', 'renewal', 'suspect')
if ARGV[1] == '' or head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then return {'kept'} end
if head[3] then redis.call('HDEL', KEYS[1], '') end
redis.call('HSET', KEYS[1], 'owner', '')
if head[3] then redis.call('HDEL', KEYS[1], 'suspect') end
return {'released'}`);
