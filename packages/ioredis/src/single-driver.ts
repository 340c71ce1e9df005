import type { ConnectionPurpose, RedisConnection, RedisDriver } from '@ars/redis-protocol';
import type { RedisOptions } from 'ioredis';
import { connectOnce } from './one-life-connection.js';

/** Connects to one server, or through Sentinel to whichever is the master at the time. */
export class SingleDriver implements RedisDriver {
  readonly name: string;
  readonly keyPrefix: string;
  readonly isCluster = false;
  readonly #options: () => RedisOptions;
  readonly #connectTimeoutMs: number;

  /** `options` is asked for every connection, so that a password changed on the user's client counts. */
  constructor(options: () => RedisOptions, connectTimeoutMs: number) {
    this.#options = options;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.keyPrefix = options().keyPrefix ?? '';
    this.name = nameOf(options());
  }

  connect(_purpose: ConnectionPurpose, _key: string): Promise<RedisConnection> {
    return connectOnce(this.#options(), this.#connectTimeoutMs);
  }

  /** Has no connections of its own. */
  async close(): Promise<void> {}
}

function nameOf(options: RedisOptions): string {
  const db = options.db ?? 0;
  if (options.sentinels) {
    const sentinels = options.sentinels.map(({ host, port }) => `${host ?? 'localhost'}:${port ?? 26_379}`);
    return `redis-sentinel://${sentinels.join(',')}/${options.name}/${db}`;
  }
  if (options.path) return `unix:${options.path}/${db}`;
  const host = options.host ?? 'localhost';
  return `${options.tls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${options.port ?? 6379}/${db}`;
}
