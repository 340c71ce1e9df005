import { RedisReplyError, type RedisConnection, type RedisReply } from '../driver.js';

/** The node is no master of the slot, or has lost the others: who named it was wrong. */
const MISLED = /^(CLUSTERDOWN|MOVED|READONLY)\b/;

/** A connection to a node of a cluster that tells when the node turns out to be the wrong one. */
export class ClusterConnection implements RedisConnection {
  readonly node: string | undefined;
  readonly #connection: RedisConnection;
  readonly #onMisled: () => void;

  constructor(connection: RedisConnection, onMisled: () => void) {
    this.node = connection.node;
    this.#connection = connection;
    this.#onMisled = onMisled;
  }

  get isOpen(): boolean {
    return this.#connection.isOpen;
  }

  /** The promise is handed on as it is, since every further one would hold up the reply. */
  send(args: readonly (string | Uint8Array)[]): Promise<RedisReply> {
    const reply = this.#connection.send(args);
    reply.catch((error: unknown) => {
      if (error instanceof RedisReplyError && MISLED.test(error.message)) this.#onMisled();
    });
    return reply;
  }

  close(): void {
    this.#connection.close();
  }
}
