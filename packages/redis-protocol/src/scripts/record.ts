/**
 * Lua for inspect and claim. `lookAround` reads what is stored beside the record, before anything is written, so that
 * a right that is missing or a wrong type is found then; `stored` packs it with the record.
 *
 * Output: [serverTime, record, isRegistered, state], where record and state are flat lists of field and value as
 * HGETALL gives them, empty when there is none, and isRegistered is '1' or '0'.
 */
export const STORED_CONSUMER = `
local function lookAround(hasState)
  local around = {state = {}, isRegistered = '0'}
  if hasState == 1 then around.state = redis.call('HGETALL', KEYS[2]) end
  for i = 2 + hasState, #KEYS do
    if redis.call('HEXISTS', KEYS[i], KEYS[1]) == 1 then around.isRegistered = '1' end
  end
  return around
end
local function stored(now, recordFields, around)
  return cmsgpack.pack({string.format('%.0f', now), recordFields, around.isRegistered, around.state})
end`;
