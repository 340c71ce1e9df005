import { ErrorReply, RESP_TYPES } from 'redis';
import { connectClient, type OneLifeClient, type RedisConnection, type RedisReply } from '@ars/redis-protocol';
import { endClient, makeClient, type Identity, type NodeRedisClientOptions } from './client-options.js';

/**
 * What every connection of the store is made with, whatever the user's client says. It ends with its socket: nothing
 * waits for a new connection, and replies have the shape of RESP2, as bytes. (node-redis never sends a command again,
 * but by default it reconnects, and keeps for later what is sent in between.)
 */
const PROFILE: NodeRedisClientOptions = {
  RESP: 2,
  disableOfflineQueue: true,
  pingInterval: 0,
  maintNotifications: 'disabled',
  commandOptions: {
    timeout: 0,
    typeMapping: { [RESP_TYPES.BLOB_STRING]: Buffer, [RESP_TYPES.SIMPLE_STRING]: Buffer },
  },
};

/** How much longer node-redis may wait for a socket than we do, so that the error is ours. */
const GRACE_MS = 100;

/** Connects once, authenticated and with the database chosen, within `timeoutMs`. Rejects as `RedisDriver.connect` does. */
export function connectOnce(identity: Identity, timeoutMs: number, node?: string): Promise<RedisConnection> {
  return connectClient(new NodeRedisOneLifeClient(identity, timeoutMs), timeoutMs, node);
}

class NodeRedisOneLifeClient implements OneLifeClient {
  readonly #client: ReturnType<typeof makeClient>;
  #trouble: Error | undefined;
  #isReaching = false;
  #isDestroyed = false;

  constructor(identity: Identity, timeoutMs: number) {
    const life = { reconnectStrategy: false, socketTimeout: undefined, connectTimeout: timeoutMs + GRACE_MS } as const;
    this.#client = makeClient({ ...identity, ...PROFILE, socket: { ...identity.socket, ...life } });
    this.#client.on('error', (error: Error) => {
      this.#trouble ??= error;
      this.destroy();
    });
    this.#client.once('connect', () => this.#reached());
  }

  get trouble(): Error | undefined {
    return this.#trouble;
  }

  async connect(): Promise<void> {
    this.#isReaching = true;
    try {
      await this.#client.connect();
    } finally {
      this.#reached();
    }
  }

  send(args: readonly (string | Buffer)[]): Promise<RedisReply> {
    return this.#client.sendCommand(args as (string | Buffer)[]) as Promise<unknown> as Promise<RedisReply>;
  }

  get isOpen(): boolean {
    return this.#client.isReady;
  }

  /** node-redis loses sight of a socket that is destroyed before it is connected, so that has to wait. */
  destroy(): void {
    this.#isDestroyed = true;
    if (this.#isReaching) return;
    endClient(this.#client);
  }

  replyOf(thrown: unknown): string | undefined {
    return thrown instanceof ErrorReply ? thrown.message : undefined;
  }

  #reached(): void {
    this.#isReaching = false;
    if (this.#isDestroyed) this.destroy();
  }
}
