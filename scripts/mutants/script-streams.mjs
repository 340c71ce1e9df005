import { protocol } from './filters.mjs';
import { inScript } from './rows.mjs';

const care = protocol('stream-care');
const moving = protocol('move');
const appending = protocol('append');

/** What is done to streams outside of any commit: trimming, moving, appending once. */
export const STREAM_SCRIPTS = [
  ...inScript('trim', [
    ['smallest-position', 'lowest(KEYS[2]), 10000', 'nil, 10000', care],
    ['nothing-consumed-without-consumers', "if kind == 'consumed' and not cut then return '0' end", '', care],
    ['age-keeps-only-the-younger', 'now - number + 1', 'now - number', care],
    ['age-never-passes-a-consumer', 'if not cut or before(aged, cut) then cut = aged end', 'cut = aged', care],
    [
      'length-keeps-so-many',
      'limit = math.min(limit, stream.length - number)',
      'limit = math.min(limit, stream.length)',
      care,
    ],
    ['goes-in-parts', 'if left[rest + 1] then cut = left[rest + 1][1] end', '', care],
    ['type', 'if not stream then return redis.error_reply(failure) end', "if not stream then return '0' end", care],
  ]),
  ...inScript('move', [
    ['held-for-a-consumer', 'if position and before(position, id) then held = held + 1 else', 'do', moving],
    ['still-existing', " and #redis.call('XRANGE', from, id, id) == 1 then", ' then', moving],
    ['nothing-to-take', "if #movable == 0 then return {'moved', '0', tostring(held)} end", '', moving],
    ['named-twice', 'not seen[id] and ', '', moving],
    ['type-of-target', "if not target then return refuse(failure, 3, 'XINFO') end", '', moving],
    [
      'type-of-source',
      "if not source then return refuse(failure, 1, 'XINFO') end",
      '',
      moving,
      { equivalent: true, note: 'XRANGE meets the wrong type as well, before anything is written' },
    ],
    [
      'exhausted-ids',
      "if string.match(target.last, '^%d+') == '18446744073709551615' then return refuse('EXHAUSTED', 3, 'XADD') end",
      '',
      moving,
    ],
    ['proof-of-xdel', "if type(proof) == 'table' then return refuse(proof.err, 1, 'XDEL') end", '', moving],
    [
      'too-many-fields',
      "if #entry > ${ENTRY_VALUES_MAX} + 1 then return refuse('ERR too many fields', 3, 'XADD') end",
      '',
      moving,
    ],
    [
      'deletes-where-it-took-from',
      "redis.call('XDEL', from, unpack(ids, first, math.min(first + 1999, #ids)))",
      '',
      moving,
    ],
    ['undo', 'takeBack(undoing(problem), to, target, added)', '', moving],
  ]),
  ...inScript('append', [
    ['repeat-while-alive', 'if known and isAlive(known) then', 'if false then', appending],
    ['appends-again-after-the-window', 'if known and isAlive(known) then', 'if known then', appending],
    ['forgets-none-that-is-alive', ' and not isAlive(scan[2][i + 1]) then', ' then', appending],
    ['sweeps-expired', ' and not isAlive(scan[2][i + 1]) then', ' and false then', appending],
    ['bound', 'if live >= tonumber(ARGV[3]) then', 'if false then', appending],
    [
      'cursor-goes-back',
      "if cursor then redis.call('HSET', memory, 'sweep', cursor) else redis.call('HDEL', memory, 'sweep') end",
      '',
      appending,
    ],
    ['proof-of-hdel', "redis.call('HDEL', memory, '')\n", '\n', appending],
    ['remembers', "redis.call('HSET', memory, field, string.format('%.0f', now) .. ':' .. id)", '', appending],
  ]),
];
