import { ConfigurationError } from '@ars/core';
import { checkDatabase, keyPrefixOf, sentinelName, serverName, SingleDriver, wrongOption } from '@ars/redis-protocol';
import type { RedisDriver } from '@ars/redis-protocol';
import { Redis, type ClusterOptions, type RedisOptions } from 'ioredis';
import { clusterDriver, type ClusterLike } from './cluster-driver.js';
import { connectOnce, type UnmappedOptions } from './one-life-connection.js';

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
export function driverFor(connection: IoredisConnection): RedisDriver {
  if (typeof connection === 'string') return single(fixed(parseUrl(connection)));
  if (typeof connection !== 'object' || connection === null || Array.isArray(connection)) {
    throw new ConfigurationError('connection must be a redis:// URL, ioredis options, a Redis or a Cluster');
  }
  if (isCluster(connection)) return clusterDriver(connection);
  if (isRedis(connection)) return single(() => connection.options);
  return single(fixed(normalise(connection as RedisOptions)));
}

/** `options` is asked for every connection, so that a password changed on the user's client counts. */
function single(options: () => RedisOptions): RedisDriver {
  const { db, role, keyPrefix } = options();
  checkDatabase('db', db);
  if (role === 'slave') throw wrongOption('role', "must be 'master': a store writes");
  return new SingleDriver({
    name: nameOf(options()),
    keyPrefix: keyPrefixOf(keyPrefix),
    parserCost: 'high',
    connect: (timeoutMs) => connectOnce(options(), timeoutMs),
  });
}

function nameOf({ sentinels, name, host, port, path, tls, db = 0 }: RedisOptions): string {
  if (!sentinels) return serverName({ host, port, path, isTls: Boolean(tls), database: db });
  const addresses = sentinels.map((sentinel) => ({
    host: sentinel.host ?? 'localhost',
    port: sentinel.port ?? 26_379,
  }));
  return sentinelName(addresses, name ?? '', db);
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
    throw wrongOption('db', "must be a number behind the host of the connection URL, as in 'redis://localhost:6379/0'");
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
