import type { StreamStore } from '@ars/core';
import type { NodeAddress, RedisConnection, RedisDriver, RedisStoreOptions } from '@ars/redis-protocol';

/** A server and who connects to it, in no library's terms. */
export interface Server extends NodeAddress {
  readonly user?: string;
  readonly password?: string;
  readonly database?: number;
  readonly keyPrefix?: string;
  /** Connects by TLS and trusts this certificate. */
  readonly ca?: string;
}

/** A cluster, in no library's terms. */
export interface Cluster {
  readonly seeds: readonly NodeAddress[];
  readonly password?: string;
  readonly keyPrefix?: string;
  /** What the nodes announce, as `host:port`, and where they are. */
  readonly addressMap?: Readonly<Record<string, NodeAddress>>;
}

/** An adapter, as the suites in this folder see it. The master of sentinels is called `mymaster`. */
export interface AdapterUnderTest {
  /** What is made by users and passed to the adapter. */
  readonly server: (server: Server) => unknown;
  readonly sentinels: (sentinels: readonly NodeAddress[], password?: string) => unknown;
  readonly cluster: (cluster: Cluster) => unknown;
  /** The adapter's face; the connection is one of the above, or a URL. */
  readonly store: (connection: unknown, options?: RedisStoreOptions) => StreamStore;
  /** Its driver for such a connection. */
  readonly driver: (connection: unknown) => RedisDriver;
}

/** One connection of an adapter to a server. */
export function connectionTo(adapter: AdapterUnderTest, server: Server): Promise<RedisConnection> {
  return adapter.driver(adapter.server(server)).connect('control', '', 1000);
}
