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
 * what runs there is not checked. `del`, `xdel` and `xsetid` are how a commit would take back entries if a server
 * refused a later one against all proof; `xdel` also moves entries from stream to stream. `xtrim` trims streams. `wait`
 * lets a consumer wait for replicas; to wait for the disk grant `waitaof` too, which Redis 7.0 does not know.
 */
export const ADVISED_COMMANDS: readonly string[] = ['del', 'info', 'wait', 'xdel', 'xsetid', 'xtrim'];

/**
 * Commands that an audit asks the server with. They are for administrators, so an audit does without those that are
 * denied, and says what it did not see.
 */
export const AUDIT_COMMANDS: readonly string[] = ['acl|dryrun', 'acl|whoami', 'config|get', 'info'];
