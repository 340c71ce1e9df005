import { ConfigurationError } from '@ars/core';
import type { RedisDriver } from '@ars/redis-protocol';
import { Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { ClusterDriver, type ClusterLike } from './cluster-driver.js';
import type { UnmappedOptions } from './one-life-connection.js';
import { SingleDriver } from './single-driver.js';

/** What a store needs of a `Redis`: any that ioredis makes, of any version and whatever its replies look like. */
export interface IoredisClient {
  readonly isCluster: boolean;
  readonly status: string;
  readonly options: RedisOptions;
}

/** What a store needs of a `Cluster`, likewise. */
export interface IoredisCluster {
  readonly isCluster: boolean;
  readonly status: string;
  readonly options: ClusterOptions;
  nodes(): readonly unknown[];
}

/** What a store can be made of: a URL, the options of a client, or a client, whose options are then used. */
export type IoredisConnection = string | RedisOptions | IoredisClient | IoredisCluster;

/** Makes the driver for what the user gave. Throws `ConfigurationError`, never showing credentials. */
export function driverFor(connection: IoredisConnection, connectTimeoutMs: number): RedisDriver {
  if (typeof connection === 'string') return single(fixed(parseUrl(connection)), connectTimeoutMs);
  if (typeof connection !== 'object' || connection === null || Array.isArray(connection)) {
    throw new ConfigurationError('connection must be a redis:// URL, ioredis options, a Redis or a Cluster');
  }
  if (isCluster(connection)) return clustered(connection, connectTimeoutMs);
  if (isRedis(connection)) return single(() => connection.options, connectTimeoutMs);
  return single(fixed(normalise(connection as RedisOptions)), connectTimeoutMs);
}

function single(options: () => RedisOptions, connectTimeoutMs: number): RedisDriver {
  refuseOptions(options());
  return new SingleDriver(options, connectTimeoutMs);
}

function clustered(cluster: ClusterLike, connectTimeoutMs: number): RedisDriver {
  refuseKeyPrefix(cluster.options.keyPrefix);
  if (cluster.options.useSRVRecords) throw wrong('useSRVRecords', 'is not supported: give the nodes themselves');
  return new ClusterDriver(cluster, connectTimeoutMs);
}

function fixed(options: RedisOptions): () => RedisOptions {
  return () => options;
}

/** By shape, as below, since an application may have ioredis installed twice. */
function isCluster(connection: object): connection is ClusterLike {
  return (connection as { isCluster?: unknown }).isCluster === true && 'startupNodes' in connection;
}

function isRedis(connection: object): connection is IoredisClient {
  const { isCluster, options } = connection as Partial<IoredisClient>;
  return isCluster === false && typeof options === 'object';
}

function parseUrl(url: string): RedisOptions {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed?.protocol !== 'redis:' && parsed?.protocol !== 'rediss:') {
    throw new ConfigurationError('the connection URL must begin with redis:// or rediss://');
  }
  if (!/^(\/\d*)?$/.test(parsed.pathname)) {
    throw wrong('db', "must be a number behind the host of the connection URL, as in 'redis://localhost:6379/0'");
  }
  return normalise(url);
}

/** Has ioredis itself interpret what it was given, with a client that never connects. */
function normalise(connection: string | RedisOptions): RedisOptions {
  try {
    const client =
      typeof connection === 'string'
        ? new Redis(connection, { lazyConnect: true })
        : new Redis({ ...connection, lazyConnect: true } as UnmappedOptions);
    client.disconnect();
    return client.options;
  } catch (error) {
    const why = typeof connection === 'string' ? 'it is not well-formed' : (error as Error).message;
    throw new ConfigurationError(`ioredis refuses the connection options: ${why}`);
  }
}

function refuseOptions(options: RedisOptions): void {
  const db = options.db ?? 0;
  if (!Number.isInteger(db) || db < 0) throw wrong('db', 'must be a whole number from 0 on');
  if (options.role === 'slave') throw wrong('role', "must be 'master': a store writes");
  refuseKeyPrefix(options.keyPrefix);
}

function refuseKeyPrefix(prefix: unknown): void {
  if (prefix !== undefined && prefix !== null && typeof prefix !== 'string') throw wrong('keyPrefix', 'must be text');
}

function wrong(option: string, what: string): ConfigurationError {
  return new ConfigurationError(`option '${option}' of the connection ${what}`, { option });
}
