/** What one connection is for; a driver may name or tune its connections by it. */
export type ConnectionPurpose = 'read' | 'commit' | 'control';

/**
 * The thin layer that one client library needs to serve the Redis protocol package: it opens plain connections and
 * nothing else. Scripts, retries, deadlines and the meaning of errors all live above it.
 */
export interface RedisDriver {
  /** Names the server in messages, such as `redis://localhost:6379/0`; never holds credentials. */
  readonly name: string;
  /** Goes before every key, of streams and of the library; empty for none. */
  readonly keyPrefix: string;
  /**
   * What parsing nested replies costs this client library: `low` when a stream entry of a few short fields takes it about
   * a microsecond. Entries are then read plainly instead of packed by a script, which would cost the server more.
   */
  readonly parserCost: 'low' | 'high';
  /** Whether keys live on the nodes of a Redis Cluster. */
  readonly isCluster: boolean;
  /**
   * Opens a connection to the master that holds `key`, authenticated and with the database chosen. Rejects with
   * `ConnectionLostError` when none comes about within `timeoutMs`, with `RedisReplyError` when the server refuses it.
   */
  connect(purpose: ConnectionPurpose, key: string, timeoutMs: number): Promise<RedisConnection>;
  /** Ends connections of the driver's own, never the client it was made from. */
  close(): Promise<void>;
}

/**
 * The life of one socket. It never reconnects, never sends a command twice and keeps none for later: when the socket
 * dies, everything pending rejects with `ConnectionLostError`, and so does every later call.
 */
export interface RedisConnection {
  /** On a cluster: names the node, so that connections to one node can be told. */
  readonly node?: string | undefined;
  /** Whether the socket is alive, as far as can be known without sending: false once it has ended, for whatever reason. */
  readonly isOpen: boolean;
  /**
   * Sends one command. Rejects with `RedisReplyError` when the server answers with an error, and with
   * `ConnectionLostError` when the connection ends first; then the command may have run or not.
   */
  send(args: readonly (string | Uint8Array)[]): Promise<RedisReply>;
  /** Ends the socket at once; pending commands reject. Calling it twice does nothing. */
  close(): void;
}

/** A reply in the shape of RESP2: bulk and simple strings as bytes, maps as flat lists. */
export type RedisReply = Buffer | number | null | readonly RedisReply[];

/** The server answered with an error; the message is the server's own text, such as `NOSCRIPT No matching script`. */
export class RedisReplyError extends Error {
  override readonly name = 'RedisReplyError';
}

/** A connection could not be made, or ended before the reply came. */
export class ConnectionLostError extends Error {
  override readonly name = 'ConnectionLostError';
  /** Whether the command may have run; false when it was never sent. */
  readonly mayHaveRun: boolean;

  constructor(message: string, mayHaveRun = true) {
    super(message);
    this.mayHaveRun = mayHaveRun;
  }
}
