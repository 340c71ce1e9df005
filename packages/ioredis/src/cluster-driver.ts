import { ClusterDriver, keyPrefixOf, nodeKey, wrongOption, type NodeAddress } from '@ars/redis-protocol';
import { Redis, type ClusterNode, type ClusterOptions, type RedisOptions } from 'ioredis';
import { connectOnce } from './one-life-connection.js';

/** What is taken from a user's Cluster; it is never connected or used for commands. */
export interface ClusterLike {
  readonly startupNodes: readonly ClusterNode[];
  readonly options: ClusterOptions;
}

/**
 * Connects to the nodes of a Redis Cluster: always to the master of the slot, with a plain connection. Of the user's
 * client it takes the start-up nodes, `redisOptions`, `natMap` and `keyPrefix`; host names are resolved by the
 * system, and settings about replicas, retries and queues do not matter here.
 */
export function clusterDriver({ startupNodes, options }: ClusterLike): ClusterDriver {
  if (options.useSRVRecords) throw wrongOption('useSRVRecords', 'is not supported: give the nodes themselves');
  const starts = () => startupNodes.map(startOptions);
  return new ClusterDriver({
    keyPrefix: keyPrefixOf(options.keyPrefix ?? options.redisOptions?.keyPrefix),
    parserCost: 'high',
    addressMap: options.natMap,
    seeds: () => starts().map(addressOf),
    connect: (node, timeoutMs) => {
      // Options given with a start-up node are that node's; `redisOptions` are everyone's.
      const own = starts().find((start) => nodeKey(addressOf(start)) === nodeKey(node));
      return connectOnce({ ...options.redisOptions, ...own, ...node, db: 0 }, timeoutMs, nodeKey(node));
    },
  });
}

function startOptions(node: ClusterNode): RedisOptions {
  if (typeof node === 'number') return { port: node };
  if (typeof node !== 'string') return { ...node, port: Number(node.port ?? 6379) };
  const { host = '127.0.0.1', port = 6379, username, password, tls } = new Redis(node, { lazyConnect: true }).options;
  return { host, port, ...(password ? { username, password } : {}), ...(tls ? { tls } : {}) };
}

function addressOf({ host, port }: RedisOptions): NodeAddress {
  return { host: host ?? '127.0.0.1', port: port ?? 6379 };
}
