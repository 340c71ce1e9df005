import {
  CommitError,
  ConfigurationError,
  isArsError,
  StoreUnavailableError,
  TornCommitError,
  type ArsError,
} from '@ars/core';
import { ConnectionLostError, RedisReplyError } from './driver.js';

/** Refusals that say "not now": nothing was executed, and another attempt may find the server willing. */
const NOT_NOW = new Set([
  'ASK',
  'BUSY',
  'CLUSTERDOWN',
  'LOADING',
  'MASTERDOWN',
  'MAXCLIENTS',
  'MISCONF',
  'MOVED',
  'NOAUTH',
  'NOREPLICAS',
  'OOM',
  'READONLY',
  'TRYAGAIN',
  'UNBLOCKED',
]);

/** How the script of a commit begins the text of a failure that it could not undo. */
const UNDO = 'UNDO ';

const EXPLAINED: Readonly<Record<string, string>> = {
  EXHAUSTED: 'the stream has no IDs left',
  NOPERM: 'a right is missing',
  WRONGTYPE: 'a key is of the wrong type',
};

/** What was being done, for the text and the details of an error. */
export interface FailureContext {
  /** The store's name. */
  readonly store: string;
  /** As in "cannot <verb>": `commit`, `read`. */
  readonly verb: string;
  /** The stream concerned, by its logical name, where it is known. */
  readonly stream?: string | undefined;
  /** The command that was refused, where it is known. */
  readonly command?: string | undefined;
  /** Whether refused content is a `CommitError`; otherwise it is a `ConfigurationError`. */
  readonly isCommit?: boolean;
}

/**
 * Turns what a link rejects with into an error of this library. The server's text is reduced to its code, because it
 * may repeat arguments; the client library's error is dropped, because it may carry the command.
 */
export function failureOf(error: unknown, context: FailureContext): unknown {
  if (error instanceof ConnectionLostError) {
    const ran = error.mayHaveRun ? 'unknown' : false;
    const what = error.mayHaveRun ? `no answer to ${context.verb}` : `cannot ${context.verb}`;
    const message = `${context.store}: ${what}, the connection is lost (${error.message})`;
    return new StoreUnavailableError(message, { reason: 'CONNECTION', ran, ...where(context) });
  }
  if (error instanceof RedisReplyError) return refusal(error.message, context);
  return error;
}

/** The error for a server's refusal, from its text. */
export function refusal(text: string, context: FailureContext): ArsError {
  if (text.startsWith(UNDO)) return torn(text.slice(UNDO.length), context);
  const reason = reasonOf(text);
  const details = { reason, ...where(context) };
  if (NOT_NOW.has(reason)) {
    return new StoreUnavailableError(`${context.store} cannot ${context.verb} now: ${reason}`, {
      ...details,
      ran: false,
    });
  }
  const subject = context.stream === undefined ? '' : ` (stream '${context.stream}')`;
  const message = `${context.store} refuses to ${context.verb}${subject}: ${EXPLAINED[reason] ?? withoutArguments(text)}`;
  return context.isCommit ? new CommitError(message, details) : new ConfigurationError(message, details);
}

/** The error for a commit that was not taken back whole; `text` is why the last step of the undo failed. */
function torn(text: string, context: FailureContext): TornCommitError {
  const reason = reasonOf(text);
  const command = context.command ?? 'a command';
  const message =
    `${context.store} failed in the middle of a commit, and ${command} was refused when it took back what it had ` +
    `written: ${EXPLAINED[reason] ?? withoutArguments(text)}. Entries may be left in the streams that the commit publishes ` +
    'to, although position and state were not stored. Grant DEL, XDEL and XSETID, remove what is left by hand, and ' +
    'start again: its messages are handled once more';
  return new TornCommitError(message, { reason, ...where(context) });
}

/** The error for a connection that did not come about, naming the server without credentials. */
export function connectFailure(error: unknown, name: string): unknown {
  if (isArsError(error)) return error;
  if (error instanceof RedisReplyError) {
    const reason = reasonOf(error.message);
    if (reason !== 'NOAUTH' && NOT_NOW.has(reason)) {
      return new StoreUnavailableError(`${name} refuses the connection now: ${reason}`, { reason, ran: false });
    }
    const cure = /^(NOAUTH|WRONGPASS|NOPERM)$/.test(reason)
      ? 'check user name, password and rights'
      : withoutArguments(error.message);
    return new ConfigurationError(`${name} refuses the connection: ${cure}`, { reason });
  }
  const why = error instanceof ConnectionLostError ? `: ${error.message}` : '';
  return new StoreUnavailableError(`${name} cannot be reached${why}`, { reason: 'CONNECTION', ran: false });
}

/** The code of a server's refusal. Before Redis 7.2 several have none but `ERR`. */
export function reasonOf(text: string): string {
  if (/max number of clients/i.test(text)) return 'MAXCLIENTS';
  if (/^NOPERM|^ERR ACL failure|can't access at least one of the keys|can't run this command/.test(text))
    return 'NOPERM';
  if (/exhausted the last possible ID/.test(text)) return 'EXHAUSTED';
  return /^-?([A-Z]+)\b/.exec(text)?.[1] ?? 'ERR';
}

/** Quoted parts of a server's text may be arguments, so they go; what follows "with args" certainly is. */
function withoutArguments(text: string): string {
  return text
    .replace(/,? with args.*$/is, '')
    .replace(/(['"`]).*?\1/gs, '…')
    .slice(0, 200);
}

function where(context: FailureContext): { stream?: string; command?: string } {
  return {
    ...(context.stream === undefined ? {} : { stream: context.stream }),
    ...(context.command === undefined ? {} : { command: context.command }),
  };
}
