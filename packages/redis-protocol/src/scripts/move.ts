import { writingScript, type Script } from '../script.js';
import { ENTRY_VALUES_MAX, ID_ORDER, REGISTERED, STREAM_DESCRIPTION, UNDO } from './fragments.js';

/**
 * Moves entries from one stream to another, each exactly once however often it is asked (P22): an entry is appended
 * only while it still is in the first stream, and is deleted there in the same step.
 *
 * KEYS   stream to take from, its registry of consumers, stream to append to
 * ARGV   packed entries: [id, field, value …] …
 * Output {'moved', moved, held}, or {'refused', the server's text or EXHAUSTED, index of the key, command}; the text begins
 *        with 'UNDO ' when that is why the first step of the undo failed
 *
 * An entry after the smallest registered position is held back, since a consumer has yet to read it. A move with nothing
 * to take is done, whatever the target: it may repeat one whose answer was lost. What could fail
 * is found out before anything is written: the types of both streams, room for IDs, the right to delete (by the
 * deletion of 0-0, which no entry has), more fields than Lua can pass on. The first XADD proves the others; should one
 * of them fail nevertheless, what was appended is taken back.
 */
export const MOVE: Script = writingScript(
  ID_ORDER,
  STREAM_DESCRIPTION,
  REGISTERED,
  `
local from, to = KEYS[1], KEYS[3]
local function refuse(failure, index, command) return {'refused', failure, tostring(index), command} end
local source, failure = describe(from)
if not source then return refuse(failure, 1, 'XINFO') end
local position = lowest(KEYS[2])
local movable, seen, held = {}, {}, 0
for _, entry in ipairs(cmsgpack.unpack(ARGV[1])) do
  local id = entry[1]
  if not seen[id] and #redis.call('XRANGE', from, id, id) == 1 then
    if position and before(position, id) then held = held + 1 else movable[#movable + 1] = entry end
    if #entry > ${ENTRY_VALUES_MAX} + 1 then return refuse('ERR too many fields', 3, 'XADD') end
  end
  seen[id] = true
end
if #movable == 0 then return {'moved', '0', tostring(held)} end
local target
target, failure = describe(to)
if not target then return refuse(failure, 3, 'XINFO') end
if string.match(target.last, '^%d+') == '18446744073709551615' then return refuse('EXHAUSTED', 3, 'XADD') end
local proof = redis.pcall('XDEL', from, '0-0')
if type(proof) == 'table' then return refuse(proof.err, 1, 'XDEL') end

${UNDO}
local ids, added = {}, {}
for i, entry in ipairs(movable) do
  local id = redis.pcall('XADD', to, '*', unpack(entry, 2))
  if type(id) == 'table' then
    local problem = {id.err, 3, 'XADD'}
    takeBack(undoing(problem), to, target, added)
    return refuse(problem[1], problem[2], problem[3])
  end
  ids[i], added[i] = entry[1], id
end
for first = 1, #ids, 2000 do redis.call('XDEL', from, unpack(ids, first, math.min(first + 1999, #ids))) end
return {'moved', tostring(#ids), tostring(held)}`,
);
