import { readingScript, type Script } from '../script.js';
import { SERVER_CLOCK } from './fragments.js';
import { STORED_CONSUMER } from './record.js';

/**
 * Reads all that is stored for a consumer and writes nothing (P1).
 *
 * KEYS   record, [state], registry of each stream it reads here …
 * ARGV   'none' without a state key, else what to read of the state: 'whole' or 'keyed'
 * Output packed, see `STORED_CONSUMER`.
 */
export const INSPECT: Script = readingScript(
  SERVER_CLOCK,
  STORED_CONSUMER,
  `return stored(now, redis.call('HGETALL', KEYS[1]), lookAround(ARGV[1]))`,
);
