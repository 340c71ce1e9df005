import { writingScript, type Script } from '../script.js';

/**
 * Gives ownership up if the token still holds it; positions, state and epoch stay (P4).
 *
 * KEYS   record
 * ARGV   owner, renewal
 * Output {'released'} or {'kept'}
 */
export const RELEASE: Script = writingScript(`
local head = redis.call('HMGET', KEYS[1], 'owner', 'renewal')
if head[1] ~= ARGV[1] or head[2] ~= ARGV[2] then return {'kept'} end
redis.call('HSET', KEYS[1], 'owner', '')
return {'released'}`);
