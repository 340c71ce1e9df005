import { CommitError, ConfigurationError, isArsError, StoreUnavailableError, type ArsError } from '@ars/core';
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
    const details = { reason: 'CONNECTION', ran: 'unknown', ...where(context) };
    const message = `${context.store}: no answer to ${context.verb}, the connection is lost (${error.message})`;
    return new StoreUnavailableError(message, details);
  }
  if (error instanceof RedisReplyError) return refusal(error.message, context);
  return error;
}

/** The error for a server's refusal, from its text. */
export function refusal(text: string, context: FailureContext): ArsError {
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
