/**
 * Lua for inspect and claim: `stored` collects all that is stored for a consumer, packed.
 *
 * Output: [serverTime, record, isRegistered, state], where record and state are flat lists of field and value as
 * HGETALL gives them, empty when there is none, and isRegistered is '1' or '0'.
 */
export const STORED_CONSUMER = `
local function stored(now, recordFields, stateIndex, registryFrom)
  local state = {}
  if stateIndex > 0 then state = redis.call('HGETALL', KEYS[stateIndex]) end
  local isRegistered = '0'
  for i = registryFrom, #KEYS do
    if redis.call('HEXISTS', KEYS[i], KEYS[1]) == 1 then isRegistered = '1' end
  end
  return cmsgpack.pack({string.format('%.0f', now), recordFields, isRegistered, state})
end`;
