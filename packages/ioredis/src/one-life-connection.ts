import { ConnectionLostError, RedisReplyError, type RedisConnection, type RedisReply } from '@ars/redis-protocol';
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
export async function connectOnce(options: RedisOptions, timeoutMs: number, node?: string): Promise<RedisConnection> {
  const redis = new Redis({ ...options, ...PROFILE, ...timeoutsOf(options, timeoutMs) } as UnmappedOptions);
  let trouble: Error | undefined;
  redis.on('error', (error: Error) => (trouble ??= error));
  const connection = new OneLifeConnection(redis, () => trouble, node);
  try {
    await withinTime(settleHandshake(redis), timeoutMs);
    if (trouble !== undefined) throw trouble;
    return connection;
  } catch (error) {
    connection.close();
    throw translate(error, trouble);
  }
}

/**
 * ioredis reports a wrong database, and in version 5 a wrong password too, only as an event, and goes on. Replies keep
 * their order, so once a PING is answered, in whatever way, all of the handshake is.
 */
async function settleHandshake(redis: Redis): Promise<void> {
  await redis.connect();
  await redis.ping().catch((error: unknown) => {
    if (!isReplyError(error)) throw error;
  });
}

/** A sentinel that does not answer must leave time to ask the others. */
function timeoutsOf(options: RedisOptions, timeoutMs: number): RedisOptions {
  const connectTimeout = Math.max(1, Math.floor(timeoutMs / ((options.sentinels?.length ?? 0) + 1)));
  return { connectTimeout, sentinelCommandTimeout: connectTimeout };
}

async function withinTime<T>(work: Promise<T>, limitMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ConnectionLostError(`no connection within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

class OneLifeConnection implements RedisConnection {
  readonly node: string | undefined;
  readonly #redis: Redis;
  readonly #trouble: () => Error | undefined;

  constructor(redis: Redis, trouble: () => Error | undefined, node: string | undefined) {
    this.node = node;
    this.#redis = redis;
    this.#trouble = trouble;
  }

  async send(args: readonly (string | Uint8Array)[]): Promise<RedisReply> {
    const [command, ...rest] = args.map(asArgument);
    try {
      return (await this.#redis.callBuffer(command as string, rest)) as RedisReply;
    } catch (error) {
      throw translate(error, this.#trouble());
    }
  }

  /** `disconnect` alone waits for the other side, which on a half-open link never answers. */
  close(): void {
    this.#redis.disconnect();
    (this.#redis as unknown as { stream?: { destroy(): void } }).stream?.destroy();
  }
}

/** ioredis takes bytes as `Buffer` only; anything else it would turn into text. */
function asArgument(argument: string | Uint8Array): string | Buffer {
  if (typeof argument === 'string' || Buffer.isBuffer(argument)) return argument;
  return Buffer.from(argument.buffer, argument.byteOffset, argument.byteLength);
}

/** The errors of ioredis carry commands with their arguments, so only what is safe to show is taken from them. */
function translate(error: unknown, trouble: Error | undefined): Error {
  if (error instanceof ConnectionLostError) return error;
  if (isReplyError(error)) return new RedisReplyError(error.message);
  if (trouble !== undefined && isReplyError(trouble)) return new RedisReplyError(trouble.message);
  const cause = trouble ?? (error as Error);
  const isSafe = typeof (cause as NodeJS.ErrnoException).code === 'string' || cause.message.startsWith('All sentinels');
  return new ConnectionLostError(isSafe ? cause.message : 'the connection was closed');
}

function isReplyError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError';
}
