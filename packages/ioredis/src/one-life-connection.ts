import {
  connectClient,
  ConnectionLostError,
  type OneLifeClient,
  type RedisConnection,
  type RedisReply,
} from '@ars/redis-protocol';
import { Redis, type RedisOptions } from 'ioredis';

/**
 * What every connection of the store is made with, whatever the user's client says. It ends with its socket: nothing
 * is sent again, nothing waits for a new connection, and replies have the shape of RESP2, as bytes.
 * (ioredis by default runs a command twice when its reply is lost.)
 */
const PROFILE: RedisOptions = {
  lazyConnect: true,
  retryStrategy: null,
  maxRetriesPerRequest: 0,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  enableAutoPipelining: false,
  enableReadyCheck: false,
  reconnectOnError: null,
  keyPrefix: '',
  readOnly: false,
  monitor: false,
  stringNumbers: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  blockingTimeout: undefined,
  scripts: undefined,
  himportFieldsets: undefined,
  protocol: 2,
  replyMapping: 'legacy',
  role: 'master',
  failoverDetector: false,
  sentinelRetryStrategy: () => null,
};

/** Options of a client whose replies are typed as usual; version 6 derives types from `replyMapping`. */
export type UnmappedOptions = RedisOptions & { readonly replyMapping?: 'legacy' };

/** Connects once, authenticated and with the database chosen, within `timeoutMs`. Rejects as `RedisDriver.connect` does. */
export function connectOnce(options: RedisOptions, timeoutMs: number, node?: string): Promise<RedisConnection> {
  return connectClient(new IoredisOneLifeClient(options, timeoutMs), timeoutMs, node);
}

class IoredisOneLifeClient implements OneLifeClient {
  readonly #redis: Redis;
  #trouble: Error | undefined;

  constructor(options: RedisOptions, timeoutMs: number) {
    this.#redis = new Redis({ ...options, ...PROFILE, ...timeoutsOf(options, timeoutMs) } as UnmappedOptions);
    this.#redis.on('error', (error: Error) => (this.#trouble ??= asTrouble(error)));
  }

  get trouble(): Error | undefined {
    return this.#trouble;
  }

  /**
   * ioredis reports a wrong database, and in version 5 a wrong password too, only as an event, and goes on. Replies
   * keep their order, so once a PING is answered, in whatever way, all of the handshake is.
   */
  async connect(): Promise<void> {
    await this.#redis.connect();
    await this.#redis.ping().catch((error: unknown) => {
      if (this.replyOf(error) === undefined) throw error;
    });
  }

  send([command, ...args]: readonly (string | Buffer)[]): Promise<RedisReply> {
    return this.#redis.callBuffer(command as string, args) as Promise<RedisReply>;
  }

  get isOpen(): boolean {
    return this.#redis.status === 'ready';
  }

  /** `disconnect` alone waits for the other side, which on a half-open link never answers. */
  destroy(): void {
    this.#redis.disconnect();
    (this.#redis as unknown as { stream?: { destroy(): void } }).stream?.destroy();
  }

  replyOf(thrown: unknown): string | undefined {
    return thrown instanceof Error && thrown.name === 'ReplyError' ? thrown.message : undefined;
  }
}

/** What ioredis says of sentinels is safe to show, though it has no code. */
function asTrouble(error: Error): Error {
  return error.message.startsWith('All sentinels') ? new ConnectionLostError(error.message) : error;
}

/** A sentinel that does not answer must leave time to ask the others. */
function timeoutsOf(options: RedisOptions, timeoutMs: number): RedisOptions {
  const connectTimeout = Math.max(1, Math.floor(timeoutMs / ((options.sentinels?.length ?? 0) + 1)));
  return { connectTimeout, sentinelCommandTimeout: connectTimeout };
}
