import type { ConnectionPurpose, RedisConnection, RedisDriver } from '../driver.js';
import { hashSlot } from '../hash-slot.js';
import { nodeKey, type NodeAddress } from './ask-in-turn.js';
import { ClusterConnection } from './cluster-connection.js';
import { ClusterTopology, type ClusterNodes } from './cluster-topology.js';

/** What an adapter gives for a driver of one server, or of whichever server is the master at the time. */
export interface SingleDriverParts {
  /** As in `RedisDriver`. */
  readonly name: string;
  readonly keyPrefix: string;
  readonly parserCost: RedisDriver['parserCost'];
  readonly connect: (timeoutMs: number) => Promise<RedisConnection>;
}

/** A driver that has no connections of its own and no nodes to choose from. */
export class SingleDriver implements RedisDriver {
  readonly name: string;
  readonly keyPrefix: string;
  readonly parserCost: RedisDriver['parserCost'];
  readonly isCluster = false;
  readonly #connect: SingleDriverParts['connect'];

  constructor({ name, keyPrefix, parserCost, connect }: SingleDriverParts) {
    this.name = name;
    this.keyPrefix = keyPrefix;
    this.parserCost = parserCost;
    this.#connect = connect;
  }

  connect(_purpose: ConnectionPurpose, _key: string, timeoutMs: number): Promise<RedisConnection> {
    return this.#connect(timeoutMs);
  }

  async close(): Promise<void> {}
}

/** What an adapter gives for a driver of a cluster. */
export interface ClusterDriverParts extends ClusterNodes {
  /** As in `RedisDriver`. */
  readonly keyPrefix: string;
  readonly parserCost: RedisDriver['parserCost'];
}

/** A driver of a Redis Cluster: connects to the master of the slot, always with a plain connection. */
export class ClusterDriver implements RedisDriver {
  readonly name: string;
  readonly keyPrefix: string;
  readonly parserCost: RedisDriver['parserCost'];
  readonly isCluster = true;
  readonly #connect: ClusterNodes['connect'];
  readonly #topology: ClusterTopology;

  constructor(parts: ClusterDriverParts) {
    this.name = `redis-cluster://${parts.seeds().map(nodeKey).join(',')}`;
    this.keyPrefix = parts.keyPrefix;
    this.parserCost = parts.parserCost;
    this.#connect = parts.connect;
    this.#topology = new ClusterTopology(parts);
  }

  async connect(_purpose: ConnectionPurpose, key: string, timeoutMs: number): Promise<RedisConnection> {
    const { answer: master, by } = await this.#topology.masterOf(hashSlot(key), timeoutMs);
    const onMisled = () => this.#topology.distrust(by);
    try {
      return new ClusterConnection(await this.#connect(master, timeoutMs), onMisled);
    } catch (error) {
      onMisled();
      throw error;
    }
  }

  async close(): Promise<void> {}
}

/** What names a server. */
export interface ServerPlace {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  /** The path of a Unix socket, which counts before host and port. */
  readonly path?: string | undefined;
  readonly isTls?: boolean;
  readonly database: number;
}

/** A server's name in messages, such as `redis://localhost:6379/0`. */
export function serverName({ host = 'localhost', port = 6379, path, isTls, database }: ServerPlace): string {
  if (path) return `unix:${path}/${database}`;
  return `${isTls ? 'rediss' : 'redis'}://${host.includes(':') ? `[${host}]` : host}:${port}/${database}`;
}

/** The name, in messages, of the master that sentinels know as `master`. */
export function sentinelName(sentinels: readonly NodeAddress[], master: string, database: number): string {
  return `redis-sentinel://${sentinels.map(nodeKey).join(',')}/${master}/${database}`;
}
