import type { RedisClusterOptions, RedisFunctions, RedisModules, RedisScripts, RedisSentinelOptions } from 'redis';
import type { RespVersions, TypeMapping } from 'redis';
import { ConfigurationError } from '@ars/core';
import {
  checkDatabase,
  keyPrefixOf,
  serverName,
  SingleDriver,
  wrongOption,
  type RedisDriver,
} from '@ars/redis-protocol';
import { readUrl, identityOf, type Identity, type NodeRedisClientOptions } from './client-options.js';
import { clusterDriver } from './cluster-driver.js';
import { connectOnce } from './one-life-connection.js';
import { sentinelDriver, sentinelOptionsOf } from './sentinel-driver.js';

/** The options of `createCluster`, with any modules, scripts, protocol version and type mapping. */
export type NodeRedisClusterOptions = RedisClusterOptions<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  RespVersions,
  TypeMapping
>;

/** The options of `createSentinel`, with any modules, scripts, protocol version and type mapping. */
export type NodeRedisSentinelOptions = RedisSentinelOptions<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  RespVersions,
  TypeMapping
>;

/** What a client made with `createClient` is known by. Its full type is slow to compare and too narrow to accept all. */
export interface NodeRedisClient {
  readonly options?: object | undefined;
  readonly isReady: boolean;
  duplicate(...args: never): unknown;
}

/** What a client made with `createCluster` is known by. */
export interface NodeRedisCluster {
  readonly masters: readonly unknown[];
  readonly nodeByAddress: object;
  duplicate(...args: never): unknown;
}

/** What a client made with `createSentinel` is known by. */
export interface NodeRedisSentinel {
  getMasterNode(): unknown;
  getSentinelNode(): unknown;
}

/** What a store can be made of: a URL, or a client or the options of one; a client is only asked for its options. */
export type NodeRedisConnection =
  | string
  | NodeRedisClientOptions
  | NodeRedisClusterOptions
  | NodeRedisSentinelOptions
  | NodeRedisClient
  | NodeRedisCluster
  | NodeRedisSentinel;

/** Makes the driver for what the user gave. Throws `ConfigurationError`, never showing credentials. */
export function driverFor(connection: NodeRedisConnection): RedisDriver {
  if (typeof connection === 'string') return ofUrl(connection);
  if (typeof connection !== 'object' || connection === null || Array.isArray(connection)) {
    throw new ConfigurationError(
      'connection must be a redis:// URL, or a client, cluster or sentinel of node-redis or its options',
    );
  }
  if ('sentinelRootNodes' in connection) return sentinelDriver(connection);
  if ('getMasterNode' in connection) return sentinelDriver(sentinelOptionsOf(connection));
  if ('rootNodes' in connection) return clusterDriver(connection);
  if ('nodeByAddress' in connection) return clusterDriver((connection as { _options?: object })._options ?? {});
  if ('isReady' in connection && 'options' in connection) return ofClient(connection);
  if ('connect' in connection)
    throw new ConfigurationError('connection is a client of another kind: pass options instead');
  return single(connection as NodeRedisClientOptions);
}

function ofUrl(url: string): RedisDriver {
  if (/^(rediss?|unix):\/\//.test(url)) return single({ url });
  throw new ConfigurationError('the connection URL must begin with redis://, rediss:// or unix://');
}

/** The options are asked for every connection, so that a password changed on the user's client counts. */
function ofClient(client: NodeRedisClient): RedisDriver {
  const options = () => client.options ?? {};
  return driverOf(() => identityOf(options()), (options() as NodeRedisClientOptions).keyPrefix);
}

function single(options: NodeRedisClientOptions): RedisDriver {
  for (const name of ['host', 'port', 'path']) if (name in options) throw wrongOption(name, "belongs under 'socket'");
  const identity = readUrl(options);
  return driverOf(() => identity, options.keyPrefix);
}

function driverOf(identity: () => Identity, keyPrefix: unknown): RedisDriver {
  const { socket = {}, database = 0 } = identity();
  checkDatabase('database', database);
  const place = socket as { host?: string; port?: number; path?: string; tls?: boolean };
  return new SingleDriver({
    name: serverName({ ...place, isTls: place.tls === true, database }),
    keyPrefix: keyPrefixOf(keyPrefix),
    parserCost: 'low',
    connect: (timeoutMs) => connectOnce(identity(), timeoutMs),
  });
}
