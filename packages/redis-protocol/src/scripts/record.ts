/**
 * Lua for inspect and claim. `lookAround` reads what is stored beside the record, before anything is written, so that
 * a right that is missing or a wrong type is found then; `stored` packs it with the record. Of a state there is
 * 'none', the 'whole', or of 'keyed' state, which may be huge, only what is kept beside the keys.
 *
 * Output: [serverTime, record, isRegistered, state], where record and state are flat lists of field and value as
 * HGETALL gives them, empty when there is none, and isRegistered is '1' or '0'.
 */
export const STORED_CONSUMER = `
local function reserved(key)
  local names, found = {'owner', 'commit', 'version', 'declared'}, {}
  for i, value in ipairs(redis.call('HMGET', key, unpack(names))) do
    if value then
      found[#found + 1] = names[i]
      found[#found + 1] = value
    end
  end
  if #found == 0 and redis.call('HLEN', key) > 0 then return {'owner', ''} end
  return found
end
local function lookAround(form)
  local around = {state = {}, isRegistered = '0'}
  if form == 'whole' then around.state = redis.call('HGETALL', KEYS[2]) end
  if form == 'keyed' then around.state = reserved(KEYS[2]) end
  for i = form == 'none' and 2 or 3, #KEYS do
    if redis.call('HEXISTS', KEYS[i], KEYS[1]) == 1 then around.isRegistered = '1' end
  end
  return around
end
local function stored(now, recordFields, around)
  return cmsgpack.pack({string.format('%.0f', now), recordFields, around.isRegistered, around.state})
end`;
