import { readingScript, type Script } from '../script.js';
import { SERVER_CLOCK } from './fragments.js';
import { STORED_CONSUMER } from './record.js';

/**
 * Reads all that is stored for a consumer and writes nothing (P1).
 *
 * KEYS   record, [state], registry of each stream it reads here …
 * ARGV   1 when there is a state key, else 0
 * Output packed, see `STORED_CONSUMER`.
 */
export const INSPECT: Script = readingScript(
  SERVER_CLOCK,
  STORED_CONSUMER,
  `return stored(now, redis.call('HGETALL', KEYS[1]), lookAround(tonumber(ARGV[1])))`,
);
