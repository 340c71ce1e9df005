import { createHash } from 'node:crypto';
import { RedisReplyError, type RedisReply } from './driver.js';
import type { Sender } from './link/link.js';

/** A Lua script and the digest that the server knows it by. */
export interface Script {
  readonly body: string;
  readonly sha: string;
  /** Whether it only reads, so that it also runs where writing is refused (out of memory, for one). */
  readonly isReadOnly: boolean;
}

/**
 * Makes a script of a body that writes. The header lets the server refuse it as a whole, before its first line, when
 * it is out of memory, a replica, or cannot persist.
 */
export function writingScript(...parts: readonly string[]): Script {
  return script(`#!lua\n${parts.join('\n')}`, false);
}

/** Makes a script of a body that writes nothing but what frees memory, so that it also runs when there is none. */
export function freeingScript(...parts: readonly string[]): Script {
  return script(`#!lua flags=allow-oom\n${parts.join('\n')}`, false);
}

/** Makes a script of a body that only reads. */
export function readingScript(...parts: readonly string[]): Script {
  return script(`#!lua flags=no-writes\n${parts.join('\n')}`, true);
}

function script(body: string, isReadOnly: boolean): Script {
  return { body, sha: createHash('sha1').update(body).digest('hex'), isReadOnly };
}

/** Calls a script by its digest, and by its body where the server does not know it yet (then nothing ran). */
export async function runScript(
  link: Sender,
  script: Script,
  keys: readonly string[],
  args: readonly (string | Uint8Array)[],
): Promise<RedisReply> {
  const suffix = script.isReadOnly ? '_RO' : '';
  const rest = [String(keys.length), ...keys, ...args];
  try {
    return await link.send([`EVALSHA${suffix}`, script.sha, ...rest]);
  } catch (error) {
    if (!(error instanceof RedisReplyError) || !error.message.startsWith('NOSCRIPT')) throw error;
    return link.send([`EVAL${suffix}`, script.body, ...rest]);
  }
}
