/**
 * The most names and values that a script can append as one entry. Lua's `unpack` fails above 7,997 ("too many results
 * to unpack"), and they come in pairs.
 */
export const ENTRY_VALUES_MAX = 7_996;

/**
 * Lua that several scripts begin with. `before` orders two entry IDs as the server does: as pairs of numbers beyond
 * 2^53, so by length and then by digits, never as doubles.
 */
export const ID_ORDER = `
local function before(a, b)
  local aMs, aSeq = string.match(a, '^(%d+)-(%d+)$')
  local bMs, bSeq = string.match(b, '^(%d+)-(%d+)$')
  if #aMs ~= #bMs then return #aMs < #bMs end
  if aMs ~= bMs then return aMs < bMs end
  if #aSeq ~= #bSeq then return #aSeq < #bSeq end
  return aSeq < bSeq
end`;

/**
 * `describe` answers what XINFO STREAM knows of a stream: `last` generated ID, entries `added`, `length`, the `first`
 * recorded ID and the largest `deleted` one. A missing stream is as one that never had an entry. XINFO also replies
 * the first and last entry, so it is asked once a stream and script (P20). The order of its fields is looked at before
 * their names are, which takes a third of the time. Second answer: an error reply.
 */
export const STREAM_DESCRIPTION = `
local function describe(key)
  local reply = redis.pcall('XINFO', 'STREAM', key)
  if reply.err then
    if not string.find(reply.err, 'no such key', 1, true) then return nil, reply.err end
    return {isMissing = true, last = '0-0', added = 0, length = 0, first = '0-0', deleted = '0-0'}
  end
  if reply[1] == 'length' and reply[7] == 'last-generated-id' and reply[9] == 'max-deleted-entry-id'
    and reply[11] == 'entries-added' and reply[13] == 'recorded-first-entry-id' then
    return {last = reply[8], added = reply[12], length = reply[2], first = reply[14], deleted = reply[10]}
  end
  local by = {}
  for i = 1, #reply, 2 do by[reply[i]] = reply[i + 1] end
  return {last = by['last-generated-id'], added = by['entries-added'], length = by['length'],
    first = by['recorded-first-entry-id'], deleted = by['max-deleted-entry-id']}
end`;

/**
 * `rangeAfter` reads up to `count` entries after a position. The largest possible ID cannot be excluded by the
 * server's `(`, but nothing comes after it.
 */
export const RANGE_AFTER = `
local function rangeAfter(key, position, count)
  if position == '18446744073709551615-18446744073709551615' then return {} end
  return redis.call('XRANGE', key, '(' .. position, '+', 'COUNT', count)
end`;

/**
 * `countAfter` counts the entries after a position, exactly. It walks from both ends of the stream in turn, so it
 * costs twice the shorter way; `length` is the stream's. Needs `RANGE_AFTER`.
 */
export const ENTRY_COUNT = `
local function countAfter(key, position, length)
  local ahead, behind = 0, 0
  local from, upTo = position, '-'
  while true do
    local chunk = rangeAfter(key, from, 200)
    ahead = ahead + #chunk
    if #chunk < 200 then return ahead end
    from = chunk[200][1]
    chunk = redis.call('XRANGE', key, upTo, position, 'COUNT', 200)
    behind = behind + #chunk
    if #chunk < 200 then return length - behind end
    upTo = '(' .. chunk[200][1]
  end
end`;

/** `now` is the server's clock in milliseconds, the only one that heartbeats and windows are measured by. */
export const SERVER_CLOCK = `
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)`;

/**
 * `agrees` tells whether a state is the one that the record knows of (P16): `stored` is its owner and commit, and both
 * are missing as long as the record knows of none.
 */
export const STATE_AGREEMENT = `
local function agrees(stored, stateCommit, record)
  return stored[2] == stateCommit and stored[1] == (stateCommit and record)
end`;

/**
 * What takes back writes that a later one was refused after. `undoing` makes a function that runs one step; the first that
 * fails becomes the `problem`, as 'UNDO ' and the server's text, in its third place the command. `takeBack` removes the entries
 * `ids`, newest first, and puts a stream back to what `describe` told of it: a reader would take entries that were added
 * and deleted for lost. In two steps, since newer servers refuse a last ID below the largest deleted one; and XSETID
 * cannot set the latter back to 0-0, so it becomes 0-1, which no entry lies below either (P7).
 */
export const UNDO = `
local function undoing(problem)
  local isTorn = false
  return function(...)
    local reply = redis.pcall(...)
    local failure = type(reply) == 'table' and reply.err
    if failure and not isTorn then problem[1], problem[3] = 'UNDO ' .. failure, (...) end
    isTorn = isTorn or failure
  end
end
local function takeBack(try, key, stream, ids)
  if #ids == 0 then return end
  for n = #ids, 1, -1 do try('XDEL', key, ids[n]) end
  if stream.isMissing then return try('DEL', key) end
  local deleted = stream.deleted == '0-0' and '0-1' or stream.deleted
  for _, id in ipairs({ids[#ids], stream.last}) do
    try('XSETID', key, id, 'ENTRIESADDED', string.format('%.0f', stream.added), 'MAXDELETEDID', deleted)
  end
end`;

/** `lowest` answers the smallest position in a stream's registry, or nil when no consumer is in it. Needs `ID_ORDER`. */
export const REGISTERED = `
local function lowest(registry)
  local least
  local fields = redis.call('HGETALL', registry)
  for i = 2, #fields, 2 do
    if not least or before(fields[i], least) then least = fields[i] end
  end
  return least
end`;
