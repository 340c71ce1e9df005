import { behaviour, conformanceOfRedis, protocol } from './filters.mjs';
import { inScript } from './rows.mjs';

const outcomes = protocol('commit-outcomes', 'suspect');
const refusals = protocol('commit-refusals');
const state = protocol('commit-state');
const streams = protocol('commit-stream-checks');
const undo = protocol('commit-undo');

/** Every check of a commit, what proves that it will work, what it writes, and how it is undone. */
export const COMMIT = [
  ...inScript('commit', [
    ['record-missing', "if not owner then return {'gone', 'record'} end", '', outcomes],
    ['token-owner', 'owner ~= ARGV[1] or renewal ~= ARGV[2]', 'renewal ~= ARGV[2]', outcomes],
    ['token-renewal', 'owner ~= ARGV[1] or renewal ~= ARGV[2]', 'owner ~= ARGV[1]', outcomes],
    ['empty-owner-is-nobody', "if ARGV[1] == '' or owner", 'if owner', outcomes],
    ['already', "if lastCommit == commitId then return {'already'} end", '', outcomes],
    ['base', "if lastCommit ~= base then return {'stale'} end", '', outcomes],
    ['state-of-the-record', "if not agrees(stored, stateCommit, record) then return {'gone', 'state'} end", '', state],
    ['position-behind-the-stream', 'before(stream.last, cursor[POSITION]) or ', '', streams],
    ['counter-behind-the-stream', ' or stream.added < tonumber(cursor[READ])', '', streams],
    ['type-of-state', "if failureOf(stored) then return refuse(stored.err, stateIndex, 'HMGET') end", '', refusals],
    [
      'type-of-registry',
      "if failureOf(registered[i]) then return refuse(registered[i].err, registry, 'HGET') end",
      '',
      refusals,
    ],
    ['type-of-input', "if not stream then return refuse(failure, input, 'XINFO') end", '', [...refusals, ...streams]],
    ['type-of-target', "if not stream then return refuse(failure, index, 'XINFO') end", '', refusals],
    [
      'exhausted-ids',
      "if string.match(stream.last, '^%d+') == '18446744073709551615' then return refuse('EXHAUSTED', index, 'XADD') end",
      '',
      refusals,
    ],
    [
      'proof-of-hdel-on-a-first-state',
      '#state > 0 and (not stateExists or #deleted > 0)',
      '#state > 0 and #deleted > 0',
      refusals,
    ],
    [
      'proof-of-hdel-of-attributes',
      '#state > 0 and (not stateExists or #deleted > 0)',
      '#state > 0 and not stateExists',
      refusals,
    ],
    [
      'proof-of-hdel-on-the-record',
      'if not refusal and (attemptGoes or suspectGoes) then refusal = mayTakeFieldsAway(1) end',
      '',
      protocol('suspect', 'commit-refusals'),
    ],
    [
      'proof-of-hdel-on-the-registry',
      'if not refusal and registered[i] == false then refusal = mayTakeFieldsAway(tonumber(cursor[REGISTRY])) end',
      '',
      refusals,
    ],
    ['a-refusal-is-answered', 'if refusal then return refusal end', '', refusals],
    ['proof-of-xadd', 'if i > 1 then', 'if false then', refusals],
    [
      'proof-of-xadd-adds-nothing',
      "stream.isMissing and {'NOMKSTREAM', '*'} or {'0-0'}",
      "{'NOMKSTREAM', '*'}",
      [...streams, ...refusals, ...conformanceOfRedis, ...behaviour('atomic')],
    ],
    [
      'proof-of-xadd-on-a-missing-stream',
      "stream.isMissing and {'NOMKSTREAM', '*'} or {'0-0'}",
      "{'0-0'}",
      refusals,
      {
        equivalent: true,
        note: 'the server refuses the ID 0-0 before it makes a stream and after it has checked the rights; NOMKSTREAM only spares its error statistics',
      },
    ],
    [
      'undo-of-a-new-field',
      "or {'HDEL', KEYS[index], field}",
      "or {'HSET', KEYS[index], field, ''}",
      protocol('commit-undo', 'commit-refusals'),
    ],
    [
      'undo-of-a-changed-field',
      "old and {'HSET', KEYS[index], field, old} or",
      "old and {'HSET', KEYS[index], field, value} or",
      protocol('commit-undo', 'commit-refusals'),
    ],
    ['undo-xdel', "for n = #ids, 1, -1 do try('XDEL', key, ids[n]) end", '', undo],
    ['undo-xsetid-of-the-last-id', 'ipairs({ids[#ids], stream.last})', 'ipairs({ids[#ids]})', undo],
    [
      'undo-xsetid-in-two-steps',
      'ipairs({ids[#ids], stream.last})',
      'ipairs({stream.last})',
      undo,
      {
        equivalent: true,
        note: 'on Redis 7.0 one step does; commit-undo fails with ARS_REDIS_SERVER at a Redis 8 or Valkey 9, which npm run test:matrix runs',
      },
    ],
    ['undo-del', "if stream.isMissing then return try('DEL', key) end", '', undo],
    ['undo-entries-added', "string.format('%.0f', stream.added)", "string.format('%.0f', stream.added + 1)", undo],
    ['undo-largest-deleted-id', "stream.deleted == '0-0' and '0-1' or stream.deleted", "'0-1'", undo],
    [
      'undo-newest-first',
      'for i = #undo, 1, -1 do',
      'for i = 1, #undo do',
      undo,
      { equivalent: true, note: 'each step undoes a key or a field of its own, so that their order means nothing' },
    ],
    ['undo-at-all', 'for i = #undo, 1, -1 do', 'for i = 0, 1, -1 do', protocol('commit-undo', 'commit-refusals')],
    [
      'undo-that-fails-is-told',
      "if failure and not isTorn then problem = {'UNDO '",
      "if false then problem = {'UNDO '",
      undo,
    ],
    ['undo-tells-its-first-failure', 'isTorn = isTorn or failure', '', protocol('torn-commit')],
    [
      'attempt-write',
      "if attempt ~= '' then put(last, 'attempt', attempt) elseif",
      "if attempt ~= '' then elseif",
      outcomes,
    ],
    ['attempt-removal', "elseif attemptGoes then gone[1] = 'attempt' end", 'end', outcomes],
    [
      'suspect-write',
      "if suspect ~= '' then put(last, 'suspect', suspect) elseif",
      "if suspect ~= '' then elseif",
      outcomes,
    ],
    ['suspect-removal', "elseif suspectGoes then gone[#gone + 1] = 'suspect' end", 'end', outcomes],
    [
      'registry-write',
      "if cursor[INPUT] ~= '' then setField(tonumber(cursor[REGISTRY]), record, cursor[POSITION], registered[i]) end",
      '',
      protocol('commit-outcomes', 'stream-care'),
    ],
    [
      'heartbeat-write',
      "setField(1, 'heartbeat', heartbeat, lastHeartbeat)",
      '',
      [...protocol('commit-outcomes'), ...conformanceOfRedis],
    ],
    [
      'heartbeat-write-of-a-small-commit',
      "put(last, 'heartbeat', heartbeat)",
      '',
      [...protocol('commit-outcomes'), ...conformanceOfRedis],
    ],
    [
      'proof-of-hset-on-the-record',
      'if #state > 0 or #targets > 0 then',
      'if false then',
      [...refusals, ...protocol('suspect')],
    ],
    [
      'heartbeat-raised-on-any-clock',
      'math.max(tonumber(lastHeartbeat) + 1, now)',
      'now',
      [...protocol('commit-outcomes', 'ownership'), ...conformanceOfRedis],
    ],
    [
      'proof-of-hset-on-the-state',
      "if #state > 0 and #targets > 0 then setField(stateIndex, 'owner', record, stateExists and record) end",
      '',
      refusals,
    ],
    ['state-owner-write', "put(changed, 'owner', record)", '', state],
    ['state-commit-write', "put(changed, 'commit', commitId)", '', state],
    ['record-knows-its-state', "put(last, 'stateCommit', commitId)", '', state],
    ['read-counter-write', "put(last, 'read:' .. cursor[STREAM], cursor[READ])", '', outcomes],
    ['serializer-write', "put(last, 'serializer', serializer)", '', state],
    ['removal-is-one-write', "if #gone > 0 then apply(1, 'HDEL', unpack(gone)) end", '', outcomes],
  ]),
  ...inScript('fragments', [
    [
      'agrees-on-the-commit',
      'return stored[2] == stateCommit and stored[1]',
      'return stored[1]',
      protocol('commit-state', 'keyed-state'),
    ],
    [
      'agrees-on-the-owner',
      'return stored[2] == stateCommit and stored[1] == (stateCommit and record)',
      'return stored[2] == stateCommit',
      protocol('commit-state', 'keyed-state'),
    ],
    [
      'ids-by-length-first',
      'if #aMs ~= #bMs then return #aMs < #bMs end',
      '',
      [...protocol('reading', 'locate', 'account'), ...conformanceOfRedis],
    ],
    [
      'sequences-by-length-first',
      'if #aSeq ~= #bSeq then return #aSeq < #bSeq end',
      '',
      [...protocol('reading', 'locate', 'account'), ...conformanceOfRedis],
    ],
    ['lowest-of-all', 'before(fields[i], least)', 'before(least, fields[i])', protocol('stream-care')],
    [
      'other-failures-of-xinfo',
      "if not string.find(reply.err, 'no such key', 1, true) then return nil, reply.err end",
      '',
      protocol('commit-refusals', 'move'),
    ],
  ]),
];
