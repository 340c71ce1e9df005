import { writingScript, type Script } from '../script.js';
import { ID_ORDER, SERVER_CLOCK, STATE_AGREEMENT, STREAM_DESCRIPTION, UNDO } from './fragments.js';

/**
 * Lua of the first half of a commit: who may commit, and whether everything will work (P6, P7, P13, P16).
 * Ends with nothing written. Sets what the second half needs.
 */
const CHECKS = `
local STREAM, POSITION, READ, REGISTRY, INPUT = 1, 2, 3, 4, 5 -- of a cursor
local record = KEYS[1]
local commitId, base, cursors, state, stateIndex, values, runs, targets, attempt, suspect =
  unpack(cmsgpack.unpack(ARGV[3]))
local header, changed, deleted = unpack(state)
stateIndex = tonumber(stateIndex)

local function refuse(failure, index, command) return {'refused', failure, tostring(index), command} end
local function failureOf(reply) return type(reply) == 'table' and reply.err end
local function put(flat, field, value)
  local size = #flat
  flat[size + 1] = field
  flat[size + 2] = value
end

local kept = {'owner', 'renewal', 'commitId', 'heartbeat', 'stateCommit', 'attempt', 'suspect', 'serializer'}
for _, cursor in ipairs(cursors) do put(kept, 'position:' .. cursor[STREAM], 'read:' .. cursor[STREAM]) end
local old = {} -- what the record holds, by field
for from = 1, #kept, 2000 do
  local stored = redis.call('HMGET', record, unpack(kept, from, math.min(from + 1999, #kept)))
  for i, value in ipairs(stored) do old[kept[from + i - 1]] = value end
end
if not old.owner then return {'gone', 'record'} end
if ARGV[1] == '' or old.owner ~= ARGV[1] or old.renewal ~= ARGV[2] then return {'fenced'} end
if old.commitId == commitId then return {'already'} end
if old.commitId ~= base then return {'stale'} end

local heartbeat = string.format('%.0f', math.max(tonumber(old.heartbeat) + 1, now))
local written, gone = {'commitId', commitId, 'heartbeat', heartbeat}, {}
for _, cursor in ipairs(cursors) do
  put(written, 'position:' .. cursor[STREAM], cursor[POSITION])
  put(written, 'read:' .. cursor[STREAM], cursor[READ])
end
if attempt ~= '' then put(written, 'attempt', attempt) elseif old.attempt then gone[1] = 'attempt' end
if suspect ~= '' then put(written, 'suspect', suspect) elseif old.suspect then gone[#gone + 1] = 'suspect' end
if changed then
  put(written, 'stateCommit', commitId)
  put(changed, 'owner', record)
  put(changed, 'commit', commitId)
  local version, declared, serializer = unpack(header)
  if version then
    put(written, 'serializer', serializer)
    put(changed, 'version', version)
    put(changed, 'declared', declared)
  end
end

-- What is written of the state before anything is published: all of it where that is little, or what proves the rest.
local isLittle = changed and #targets > 0 and #deleted == 0 and #changed <= 32
local first = isLittle and changed or {'owner', record}
local was = {} -- what the state holds, by field
if stateIndex then
  local names = {'owner', 'commit'}
  if isLittle then for i = 1, #changed, 2 do names[#names + 1] = changed[i] end end
  local stored = redis.pcall('HMGET', KEYS[stateIndex], unpack(names))
  if failureOf(stored) then return refuse(stored.err, stateIndex, 'HMGET') end
  if not agrees(stored, old.stateCommit, record) then return {'gone', 'state'} end
  for i, value in ipairs(stored) do was[names[i]] = value end
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
    local isBehind = stream.last ~= cursor[POSITION] and before(stream.last, cursor[POSITION])
    if isBehind or stream.added < tonumber(cursor[READ]) then return {'stale'} end
    registered[i] = redis.pcall('HGET', KEYS[registry], record)
    if failureOf(registered[i]) then return refuse(registered[i].err, registry, 'HGET') end
  end
end

local function mayTakeFieldsAway(index)
  local failure = failureOf(redis.pcall('HDEL', KEYS[index], ''))
  return failure and refuse(failure, index, 'HDEL')
end
local function hasNew(flat, known)
  for i = 1, #flat, 2 do if not known[flat[i]] then return true end end
end
local refusal
if changed and (#deleted > 0 or #targets > 0 and hasNew(first, was)) then refusal = mayTakeFieldsAway(stateIndex) end
if not refusal and (#gone > 0 or hasNew(written, old)) then refusal = mayTakeFieldsAway(1) end
for i, cursor in ipairs(cursors) do
  if not refusal and registered[i] == false then refusal = mayTakeFieldsAway(tonumber(cursor[REGISTRY])) end
end
if refusal then return refusal end

for i, target in ipairs(targets) do
  local index = tonumber(target)
  local stream, failure = look(index)
  if not stream then return refuse(failure, index, 'XINFO') end
  if string.sub(stream.last, 1, 20) == '18446744073709551615' then return refuse('EXHAUSTED', index, 'XADD') end
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
local function setFields(index, flat, known)
  for from = 1, #flat, 2000 do
    apply(index, 'HSET', unpack(flat, from, math.min(from + 1999, #flat)))
    if known and from == 1 then undo[#undo + 1] = {key = KEYS[index], flat = flat, known = known} end
  end
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
  for i, cursor in ipairs(cursors) do
    if cursor[INPUT] ~= '' then
      setFields(tonumber(cursor[REGISTRY]), {record, cursor[POSITION]}, {[record] = registered[i]})
    end
  end
  setFields(1, written, old)
  if changed and #targets > 0 then setFields(stateIndex, first, was) end
  local from = 1
  for i = 1, #runs, 3 do from = append(tonumber(runs[i]), tonumber(runs[i + 1]), tonumber(runs[i + 2]), from) end
  if changed and not isLittle then
    setFields(stateIndex, changed)
    for i = 1, #deleted, 2000 do apply(stateIndex, 'HDEL', unpack(deleted, i, math.min(i + 1999, #deleted))) end
  end
  if #gone > 0 then apply(1, 'HDEL', unpack(gone)) end
end

local isDone, problem = pcall(write)
if isDone then return {'committed'} end
if type(problem) ~= 'table' then problem = {tostring(problem), 1, 'LUA'} end
${UNDO}
local try = undoing(problem)
local function putBack(key, flat, known)
  for i = 1, #flat, 2 do
    local value = known[flat[i]]
    if value then try('HSET', key, flat[i], value) else try('HDEL', key, flat[i]) end
  end
end
for i = #undo, 1, -1 do
  local step = undo[i]
  if step.stream then takeBack(try, step.key, step.stream, step.stream.ids) else putBack(step.key, step.flat, step.known) end
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
 * What cannot fail needs no undo, and the last write of all that may fail needs none either: the server takes or refuses it
 * as a whole. Everything before it either has its old values known, which are put back by the same command on the same
 * key, or is proven. First come the registries and the record. Then the state: all of it if that is little, so that
 * its old values are read, too; else, before entries, one field of it, which proves the rest, that then comes behind them.
 * XADD is proven on each target but the first by a form without effect: an absent stream that it must not make, or the
 * ID 0-0, which is refused after the rights were checked (that refusal counts in INFO errorstats, so nothing is proven
 * that needs no proof). HDEL is proven by an absent field. So the first XADD is
 * the only write left that the server may refuse. Undo of entries is kept nevertheless, for servers that refuse for
 * reasons of their own.
 */
export const COMMIT: Script = writingScript(
  ID_ORDER,
  STREAM_DESCRIPTION,
  SERVER_CLOCK,
  STATE_AGREEMENT,
  CHECKS,
  WRITES,
);
