import { writingScript, type Script } from '../script.js';
import { ID_ORDER, SERVER_CLOCK, STATE_AGREEMENT, STREAM_DESCRIPTION } from './fragments.js';

/**
 * Lua of the first half of a commit: who may commit, and whether everything will work (P6, P7, P13, P16).
 * Ends with nothing written. Sets what the second half needs.
 */
const CHECKS = `
local record = KEYS[1]
local owner, renewal, lastCommit, lastHeartbeat, stateCommit, lastAttempt, lastSuspect = unpack(
  redis.call('HMGET', record, 'owner', 'renewal', 'commitId', 'heartbeat', 'stateCommit', 'attempt', 'suspect'))
if not owner then return {'gone', 'record'} end
if ARGV[1] == '' or owner ~= ARGV[1] or renewal ~= ARGV[2] then return {'fenced'} end
local content = cmsgpack.unpack(ARGV[3])
local commitId, base, cursors, state, stateIndex, values, runs, targets, attempt, suspect = unpack(content)
local header, changed, deleted = unpack(state)
local STREAM, POSITION, READ, REGISTRY, INPUT = 1, 2, 3, 4, 5 -- of a cursor
if lastCommit == commitId then return {'already'} end
if lastCommit ~= base then return {'stale'} end
stateIndex = tonumber(stateIndex)

local function refuse(failure, index, command) return {'refused', failure, tostring(index), command} end
local function failureOf(reply) return type(reply) == 'table' and reply.err end

local stateExists = false
if stateIndex then
  local stored = redis.pcall('HMGET', KEYS[stateIndex], 'owner', 'commit')
  if failureOf(stored) then return refuse(stored.err, stateIndex, 'HMGET') end
  if not agrees(stored, stateCommit, record) then return {'gone', 'state'} end
  stateExists = stored[1] ~= false
end

local described = {}
local function look(index)
  if not described[index] then
    local stream, failure = describe(KEYS[index])
    if not stream then return nil, failure end
    described[index] = stream
  end
  return described[index]
end
local registered = {}
for i, cursor in ipairs(cursors) do
  local registry, input = tonumber(cursor[REGISTRY]), tonumber(cursor[INPUT])
  if input then
    local stream, failure = look(input)
    if not stream then return refuse(failure, input, 'XINFO') end
    if before(stream.last, cursor[POSITION]) or stream.added < tonumber(cursor[READ]) then return {'stale'} end
    registered[i] = redis.pcall('HGET', KEYS[registry], record)
    if failureOf(registered[i]) then return refuse(registered[i].err, registry, 'HGET') end
  end
end

local function mayTakeFieldsAway(index)
  local failure = failureOf(redis.pcall('HDEL', KEYS[index], ''))
  return failure and refuse(failure, index, 'HDEL')
end
local refusal
if #state > 0 and (not stateExists or #deleted > 0) then refusal = mayTakeFieldsAway(stateIndex) end
local attemptGoes, suspectGoes = attempt == '' and lastAttempt, suspect == '' and lastSuspect
if not refusal and (attemptGoes or suspectGoes) then refusal = mayTakeFieldsAway(1) end
for i, cursor in ipairs(cursors) do
  if not refusal and registered[i] == false then refusal = mayTakeFieldsAway(tonumber(cursor[REGISTRY])) end
end
if refusal then return refusal end

for i, target in ipairs(targets) do
  local index = tonumber(target)
  local stream, failure = look(index)
  if not stream then return refuse(failure, index, 'XINFO') end
  if string.match(stream.last, '^%d+') == '18446744073709551615' then return refuse('EXHAUSTED', index, 'XADD') end
  if i > 1 then
    local form = stream.isMissing and {'NOMKSTREAM', '*'} or {'0-0'}
    form[#form + 1] = ''
    form[#form + 1] = ''
    failure = failureOf(redis.pcall('XADD', KEYS[index], unpack(form)))
    if failure and not string.find(failure, 'must be greater than 0-0', 1, true) then return refuse(failure, index, 'XADD') end
  end
end`;

/** Lua of the second half: the writes, and how they are undone when one fails nevertheless (P7, G6). */
const WRITES = `
local undo = {}
local function apply(index, command, ...)
  local reply = redis.pcall(command, KEYS[index], ...)
  if failureOf(reply) then error({reply.err, index, command}) end
  return reply
end
local function setFields(index, flat)
  for from = 1, #flat, 2000 do apply(index, 'HSET', unpack(flat, from, math.min(from + 1999, #flat))) end
end
local function setField(index, field, value, old)
  apply(index, 'HSET', field, value)
  undo[#undo + 1] = old and {'HSET', KEYS[index], field, old} or {'HDEL', KEYS[index], field}
end
local function put(flat, field, value)
  local size = #flat
  flat[size + 1] = field
  flat[size + 2] = value
end
local function append(index, size, count, from)
  local key, stream = KEYS[index], described[index]
  local ids = stream.ids
  if not ids then
    ids = {}
    stream.ids = ids
    undo[#undo + 1] = {key = key, stream = stream}
  end
  local send, unpack, type, values = redis.pcall, unpack, type, values -- found faster than globals, for each of a thousand
  for n = #ids + 1, #ids + count do
    local id = send('XADD', key, '*', unpack(values, from, from + size - 1))
    if type(id) ~= 'string' then error({id.err, index, 'XADD'}) end
    ids[n] = id
    from = from + size
  end
  return from
end

local function write()
  local heartbeat = string.format('%.0f', math.max(tonumber(lastHeartbeat) + 1, now))
  local last, gone = {'commitId', commitId}, {}
  if #state > 0 or #targets > 0 then
    setField(1, 'heartbeat', heartbeat, lastHeartbeat)
  else
    put(last, 'heartbeat', heartbeat)
  end
  for i, cursor in ipairs(cursors) do
    if cursor[INPUT] ~= '' then setField(tonumber(cursor[REGISTRY]), record, cursor[POSITION], registered[i]) end
  end
  if #state > 0 and #targets > 0 then setField(stateIndex, 'owner', record, stateExists and record) end
  local from = 1
  for i = 1, #runs, 3 do from = append(tonumber(runs[i]), tonumber(runs[i + 1]), tonumber(runs[i + 2]), from) end
  if #state > 0 then
    local version, declared, serializer = unpack(header)
    put(changed, 'owner', record)
    put(changed, 'commit', commitId)
    if version then
      put(changed, 'version', version)
      put(changed, 'declared', declared)
      put(last, 'serializer', serializer)
    end
    setFields(stateIndex, changed)
    for first = 1, #deleted, 2000 do
      apply(stateIndex, 'HDEL', unpack(deleted, first, math.min(first + 1999, #deleted)))
    end
    put(last, 'stateCommit', commitId)
  end
  for _, cursor in ipairs(cursors) do
    put(last, 'position:' .. cursor[STREAM], cursor[POSITION])
    put(last, 'read:' .. cursor[STREAM], cursor[READ])
  end
  if attempt ~= '' then put(last, 'attempt', attempt) elseif attemptGoes then gone[1] = 'attempt' end
  if suspect ~= '' then put(last, 'suspect', suspect) elseif suspectGoes then gone[#gone + 1] = 'suspect' end
  setFields(1, last)
  if #gone > 0 then apply(1, 'HDEL', unpack(gone)) end
end

local isDone, problem = pcall(write)
if isDone then return {'committed'} end
if type(problem) ~= 'table' then problem = {tostring(problem), 1, 'LUA'} end
local isTorn = false
local function try(...)
  local failure = failureOf(redis.pcall(...))
  if failure and not isTorn then problem = {'UNDO ' .. failure, problem[2], (...)} end
  isTorn = isTorn or failure
end
local function takeBack(key, stream)
  local ids = stream.ids
  if #ids == 0 then return end
  for n = #ids, 1, -1 do try('XDEL', key, ids[n]) end
  if stream.isMissing then return try('DEL', key) end
  local deleted = stream.deleted == '0-0' and '0-1' or stream.deleted
  for _, id in ipairs({ids[#ids], stream.last}) do
    try('XSETID', key, id, 'ENTRIESADDED', string.format('%.0f', stream.added), 'MAXDELETEDID', deleted)
  end
end
for i = #undo, 1, -1 do
  local step = undo[i]
  if step.stream then takeBack(step.key, step.stream) else try(unpack(step)) end
end
return refuse(problem[1], problem[2], problem[3])`;

/**
 * Applies a transaction or a group of them, or nothing at all (G1, G3, G4, G6).
 *
 * KEYS   record, then in any order: state, registries, input streams, targets; each key once
 * ARGV   owner, renewal, packed content:
 *        [commitId, base, cursors, state, index of the state key in KEYS or '', values, runs, targets, attempt,
 *        suspect]
 *        cursors:   [stream, position, read, index of its registry or '', index of the stream or ''] …
 *        state:     [] when none changed, or [header, [field, value …], [deleted field …]]
 *        header:    [] to leave it as it is, or [version, declared, serializer]
 *        values:    field, value … of all entries to publish, in one list
 *        runs:      index of the target, how many values an entry has, how many such entries follow each other …
 *        targets:   index of each target once, in order of first use
 *        attempt:   '' or what to keep of the failing message
 *        suspect:   '' or the message that is about to be handled under suspicion
 * Output {'committed'}, {'already'}, {'fenced'}, {'stale'}, {'gone', 'record' or 'state'}, or
 *        {'refused', the server's text or EXHAUSTED, index of the key, command}; the text begins with 'UNDO ' when it
 *        is why the first step of the undo failed, with that step's command: then something is left behind
 *
 * Order of checks (P6): record, token (an empty owner is nobody's), commitId, base; then the state that the record knows of (P16), the streams
 * behind the cursors (P13), types, room for IDs, rights.
 *
 * What cannot fail needs no undo. The first write to each hash is one small field whose old value is known, so that
 * later writes to it are proven, by the same command on the same key. The last write that is not proven is the whole
 * commit's last doubt, and needs no such field: without publishes that is the state's first HSET (or where there is no
 * state, the record's), which the server takes or refuses as a whole, with nothing but small fields before it. XADD is proven on each target but the first by
 * a form without effect: an absent stream that it must not make, or the ID 0-0, which is refused after the rights
 * were checked (that refusal counts in INFO errorstats, so nothing is proven that needs no proof). HDEL is proven by
 * an absent field. The first XADD is the only write left that the server may refuse; it comes when all that is
 * written are such small fields. Undo of entries is kept nevertheless, for servers that refuse for reasons of their own;
 * it takes two steps, since newer servers refuse a last ID below the largest deleted one, and XSETID cannot set the
 * latter back to 0-0, so it becomes 0-1, which no entry lies below either.
 */
export const COMMIT: Script = writingScript(
  ID_ORDER,
  STREAM_DESCRIPTION,
  SERVER_CLOCK,
  STATE_AGREEMENT,
  CHECKS,
  WRITES,
);
