import { conformanceOfRedis, protocol } from './filters.mjs';
import { inScript } from './rows.mjs';

const ownership = protocol('ownership');

/** Claiming, renewing, releasing, and loading under a claim. */
export const CONSUMER_SCRIPTS = [
  ...inScript('claim', [
    ['epoch', "if tonumber(head.epoch or '0') ~= tonumber(ARGV[2]) then return {'conflict'} end", '', ownership],
    ['repeat-by-the-owner', 'if head.owner == owner then return answer(head.heartbeat) end', '', ownership],
    ['epoch-above-own', 'math.max(tonumber(ARGV[2]), tonumber(ARGV[3])) + 1', 'tonumber(ARGV[2]) + 1', ownership],
    [
      'epoch-grows',
      'math.max(tonumber(ARGV[2]), tonumber(ARGV[3])) + 1',
      'math.max(tonumber(ARGV[2]), tonumber(ARGV[3]))',
      ownership,
    ],
    ['positions-only-where-none', 'if not head[field] then', 'if true then', ownership],
    ['commit-id-only-at-first', 'if not head.owner then', 'if true then', [...ownership, ...conformanceOfRedis]],
    [
      'renewal-begins-anew',
      "'renewal', '0',",
      "'renewal', head.renewal or '0',",
      [...ownership, ...conformanceOfRedis],
    ],
    ['registers', 'if position and listed ~= position then', 'if false then', ownership],
    [
      'registers-at-the-stored-position',
      'if position and listed ~= position then',
      'if position and not listed then',
      ownership,
    ],
    [
      'registers-at-the-start',
      'head[field] = start[2]\n    write(field, start[2])',
      'write(field, start[2])',
      ownership,
    ],
    [
      'undo-of-the-registry',
      "else redis.call('HDEL', registry, record) end",
      'end',
      protocol('ownership', 'claim-rights'),
    ],
    [
      'undo-of-a-changed-registration',
      "if listed then redis.call('HSET', registry, record, listed) else",
      'if not listed then',
      protocol('claim-rights'),
    ],
    [
      'proof-of-the-undo',
      "if not listed then redis.call('HDEL', registry, record) end\n",
      '\n',
      protocol('claim-rights', 'rights'),
    ],
    [
      'refused-registry-stops-the-claim',
      "if failure then break end\n  local reply = redis.pcall('HSET', record,",
      "local reply = redis.pcall('HSET', record,",
      protocol('claim-rights'),
    ],
    [
      'heartbeat-grows',
      "math.max(tonumber(head.heartbeat or '0') + 1, now)",
      'tonumber(head.heartbeat or now)',
      [...ownership, ...conformanceOfRedis],
    ],
    [
      'heartbeat-grows-on-any-clock',
      "math.max(tonumber(head.heartbeat or '0') + 1, now)",
      'now',
      [...ownership, ...conformanceOfRedis],
    ],
    ['answers-the-earlier-heartbeat', "if fields[i] == 'heartbeat' then", 'if false then', ownership],
    [
      'answers-that-it-is-registered',
      "if #entries > 0 then around.isRegistered = '1' end",
      '',
      [...ownership, ...conformanceOfRedis],
    ],
  ]),
  ...inScript('renew', [
    ['owner', 'head[1] ~= ARGV[1] or tonumber', 'tonumber', ownership],
    ['renewal-number', ' or tonumber(ARGV[2]) < tonumber(head[2])', '', ownership],
    ['empty-owner-is-nobody', "if ARGV[1] == '' or head", 'if head', protocol('suspect')],
    ['gone', "if not head[1] then return {'gone'} end", '', ownership],
    ['number-is-stored', "'renewal', ARGV[2], 'heartbeat'", "'heartbeat'", ownership],
    ['heartbeat-grows-on-any-clock', 'math.max(tonumber(head[4]) + 1, now)', 'now', ownership],
    ['heartbeat-grows', 'math.max(tonumber(head[4]) + 1, now)', 'tonumber(head[4])', ownership],
  ]),
  ...inScript('release', [
    ['owner', 'head[1] ~= ARGV[1] or head[2]', 'head[2]', [...protocol('ownership', 'suspect'), ...conformanceOfRedis]],
    [
      'renewal-number',
      ' or head[2] ~= ARGV[2] then',
      ' then',
      [...protocol('ownership', 'suspect'), ...conformanceOfRedis],
    ],
    [
      'empty-owner-is-nobody',
      "if ARGV[1] == '' or head",
      'if head',
      protocol('suspect'),
      {
        equivalent: true,
        note: 'a record without an owner is released already, without a mark; releasing it again writes what it holds',
      },
    ],
    ['suspect-removal', "if head[3] then redis.call('HDEL', KEYS[1], 'suspect') end", '', protocol('suspect')],
    ['proof-of-hdel', "if head[3] then redis.call('HDEL', KEYS[1], '') end", '', protocol('suspect')],
  ]),
  ...inScript('load', [
    ['record-missing', "if not head[1] then return {'gone', 'record'} end", '', protocol('keyed-state')],
    ['token-owner', 'head[1] ~= ARGV[1] or head[2]', 'head[2]', [...protocol('keyed-state'), ...conformanceOfRedis]],
    ['token-renewal', ' or head[2] ~= ARGV[2] then', ' then', protocol('keyed-state')],
    ['empty-owner-is-nobody', "if ARGV[1] == '' or head", 'if head', protocol('suspect', 'keyed-state')],
    [
      'state-of-the-record',
      "if not agrees(kept, head[3], KEYS[1]) then return {'gone', 'state'} end",
      '',
      protocol('keyed-state'),
    ],
  ]),
];
