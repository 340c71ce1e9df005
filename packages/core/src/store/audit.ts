/** What an audit looks for. */
export type AuditCode =
  /** The server drops keys when memory is short: `maxmemory-policy` is not `noeviction`. */
  | 'EVICTION'
  /** Neither an append-only file nor snapshots: a restart loses everything. */
  | 'NO_PERSISTENCE'
  /** Snapshots only, or an append-only file that the server never syncs itself: a crash loses what came after. */
  | 'WEAK_PERSISTENCE'
  /** The user lacks the right to a command that the library needs. */
  | 'MISSING_RIGHT'
  /** The connection reached a replica. */
  | 'REPLICA'
  /** The server is older than the oldest that is supported. */
  | 'OLD_VERSION'
  /** Something could not be looked at, so nothing is known of it. */
  | 'UNCHECKED';

/** One thing an operator should know about a store. */
export interface AuditFinding {
  readonly code: AuditCode;
  /** `error`: will not work, or loses data in normal operation. `warning`: loses data when something else fails. */
  readonly severity: 'error' | 'warning' | 'info';
  /** What was found and what to do, in a sentence or two. */
  readonly message: string;
  /** What was found, for programs: setting, value, command. */
  readonly details: Readonly<Record<string, unknown>>;
}
