/** A key of no consumer: a dry run refuses the command before it looks at keys, so it only shows rights to commands. */
const KEY = 'ars:{audit}:dry-run';

/** A well-formed call of each required command, for ACL DRYRUN, which checks the number of arguments too. */
export const DRY_RUNS: Readonly<Record<string, readonly string[]>> = {
  eval: ['EVAL', 'return 1', '0'],
  evalsha: ['EVALSHA', '0'.repeat(40), '0'],
  eval_ro: ['EVAL_RO', 'return 1', '0'],
  evalsha_ro: ['EVALSHA_RO', '0'.repeat(40), '0'],
  hdel: ['HDEL', KEY, 'f'],
  hexists: ['HEXISTS', KEY, 'f'],
  hget: ['HGET', KEY, 'f'],
  hgetall: ['HGETALL', KEY],
  hlen: ['HLEN', KEY],
  hmget: ['HMGET', KEY, 'f'],
  hscan: ['HSCAN', KEY, '0'],
  hset: ['HSET', KEY, 'f', 'v'],
  time: ['TIME'],
  xadd: ['XADD', KEY, '*', 'f', 'v'],
  'xinfo|stream': ['XINFO', 'STREAM', KEY],
  xrange: ['XRANGE', KEY, '-', '+'],
  xread: ['XREAD', 'STREAMS', KEY, '0-0'],
  xrevrange: ['XREVRANGE', KEY, '+', '-'],
};
