import { hashSlot, type ConnectionPurpose, type RedisConnection, type RedisDriver } from '@ars/redis-protocol';
import { Redis, type ClusterNode, type ClusterOptions, type RedisOptions } from 'ioredis';
import { ClusterTopology, nodeKey, type NodeAddress } from './cluster-topology.js';
import { connectOnce } from './one-life-connection.js';

/** What is taken from a user's Cluster; it is never connected or used for commands. */
export interface ClusterLike {
  readonly startupNodes: readonly ClusterNode[];
  readonly options: ClusterOptions;
}

/** Asking a node that does not answer must leave time to ask another. */
const NODES_PER_TIMEOUT = 4;

/**
 * Connects to the nodes of a Redis Cluster: always to the master of the slot, with a plain connection. Of the user's
 * client it takes the start-up nodes, `redisOptions`, `natMap` and `keyPrefix`; host names are resolved by the
 * system, and settings about replicas, retries and queues do not matter here.
 */
export class ClusterDriver implements RedisDriver {
  readonly name: string;
  readonly keyPrefix: string;
  readonly isCluster = true;
  readonly #cluster: ClusterLike;
  readonly #topology: ClusterTopology;
  readonly #connectTimeoutMs: number;

  constructor(cluster: ClusterLike, connectTimeoutMs: number) {
    this.#cluster = cluster;
    this.#connectTimeoutMs = connectTimeoutMs;
    this.keyPrefix = cluster.options.keyPrefix ?? cluster.options.redisOptions?.keyPrefix ?? '';
    this.name = `redis-cluster://${this.#startNodes().map(addressOf).map(nodeKey).join(',')}`;
    const askTimeoutMs = Math.ceil(connectTimeoutMs / NODES_PER_TIMEOUT);
    this.#topology = new ClusterTopology({
      seeds: () => this.#startNodes().map(addressOf),
      connect: (node) => connectOnce(this.#nodeOptions(node), askTimeoutMs),
      translate: (announced) => this.#translate(announced),
    });
  }

  async connect(_purpose: ConnectionPurpose, key: string): Promise<RedisConnection> {
    const master = await this.#topology.masterOf(hashSlot(key));
    return connectOnce(this.#nodeOptions(master), this.#connectTimeoutMs, nodeKey(master));
  }

  /** Has no connections of its own. */
  async close(): Promise<void> {}

  /** Options given with a start-up node are that node's; `redisOptions` are everyone's. */
  #nodeOptions(node: NodeAddress): RedisOptions {
    const own = this.#startNodes().find((start) => nodeKey(addressOf(start)) === nodeKey(node));
    return { ...this.#cluster.options.redisOptions, ...own, ...node, db: 0 };
  }

  #startNodes(): RedisOptions[] {
    return this.#cluster.startupNodes.map(startOptions);
  }

  #translate(announced: NodeAddress): NodeAddress {
    const { natMap } = this.#cluster.options;
    const mapped = typeof natMap === 'function' ? natMap(nodeKey(announced)) : natMap?.[nodeKey(announced)];
    return mapped ? { host: mapped.host, port: mapped.port } : announced;
  }
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
