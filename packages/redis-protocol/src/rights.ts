/**
 * The commands that a Redis user needs for this library, in the names of `ACL SETUSER` (`+evalsha`, `+xinfo|stream`).
 * Each right must hold for reading and writing (`~`, not `%R~` or `%W~`) on the streams and on the keys
 * `<prefix>ars:{<tag>}:*` of the same tags: a script declares all its keys at once.
 */
export const REQUIRED_COMMANDS: readonly string[] = [
  'eval',
  'evalsha',
  'eval_ro',
  'evalsha_ro',
  'hdel',
  'hexists',
  'hget',
  'hgetall',
  'hlen',
  'hmget',
  'hscan',
  'hset',
  'time',
  'xadd',
  'xinfo|stream',
  'xrange',
  'xread',
  'xrevrange',
];

/**
 * Commands that are better granted than not. Without `info` every new connection counts as another server (P12), and
 * what runs there is not checked; the others are how a commit would take back entries if a server refused a later
 * one against all proof.
 */
export const ADVISED_COMMANDS: readonly string[] = ['del', 'info', 'xdel', 'xsetid'];
