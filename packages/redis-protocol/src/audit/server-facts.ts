import { ConnectionLostError, RedisReplyError, type RedisReply } from '../driver.js';
import { reasonOf } from '../failure.js';
import type { Link } from '../link/link.js';
import { parseInformation } from '../link/server.js';
import { REQUIRED_COMMANDS } from '../rights.js';
import { DRY_RUNS } from './dry-runs.js';

/** What an audit learns of a server; `undefined` where the server does not tell. */
export interface ServerFacts {
  /** All lines of the sections of INFO that an audit looks at. */
  readonly information: ReadonlyMap<string, string> | undefined;
  /** The settings `save` and `appendfsync`. */
  readonly settings: ReadonlyMap<string, string> | undefined;
  /** The user's name, and the commands that it may not run. */
  readonly rights: { readonly user: string; readonly missing: readonly string[] } | undefined;
}

/** Asks a server for its facts. Rejects with `ConnectionLostError` only, or with the refusal of who is not logged in. */
export async function askFacts(link: Link): Promise<ServerFacts> {
  const [information, settings, rights] = await Promise.all([askInformation(link), askSettings(link), askRights(link)]);
  return { information, settings, rights };
}

async function askInformation(link: Link): Promise<ServerFacts['information']> {
  const sections = ['server', 'memory', 'persistence', 'replication'];
  const replies = await Promise.all(sections.map((section) => ask(link, ['INFO', section])));
  if (replies.includes(undefined)) return undefined;
  return parseInformation(Buffer.from(replies.map(String).join('\r\n')));
}

/** One question each, since before Redis 7.0 one takes one pattern, and since a server may hide one of them. */
async function askSettings(link: Link): Promise<ServerFacts['settings']> {
  const replies = await Promise.all(['save', 'appendfsync'].map((name) => ask(link, ['CONFIG', 'GET', name])));
  const pairs = replies.filter((reply) => Array.isArray(reply) && reply.length === 2) as [Buffer, Buffer][];
  return pairs.length < 2 ? undefined : new Map(pairs.map(([name, value]) => [String(name), String(value)]));
}

async function askRights(link: Link): Promise<ServerFacts['rights']> {
  const user = await ask(link, ['ACL', 'WHOAMI']);
  if (user === undefined) return undefined;
  const answers = await Promise.all(
    REQUIRED_COMMANDS.map((command) => ask(link, ['ACL', 'DRYRUN', String(user), ...DRY_RUNS[command]!])),
  );
  if (answers.includes(undefined)) return undefined;
  const missing = REQUIRED_COMMANDS.filter((_, i) => /to run the/.test(String(answers[i])));
  return { user: String(user), missing };
}

/** A command that the server refuses, for whatever reason, tells nothing. */
async function ask(link: Link, command: readonly string[]): Promise<RedisReply | undefined> {
  try {
    return await link.send(command);
  } catch (error) {
    if (error instanceof ConnectionLostError) throw error;
    if (error instanceof RedisReplyError && reasonOf(error.message) === 'NOAUTH') throw error;
    return undefined;
  }
}
