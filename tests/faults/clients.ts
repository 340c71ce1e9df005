import type { StreamStore } from '@ars/core';
import { createIoredisStore, type IoredisStoreOptions } from '@ars/ioredis';
import { createNodeRedisStore } from '@ars/node-redis';
import { Cluster } from 'ioredis';

/** The client libraries that every fault is tested through. */
export const CLIENTS = ['ioredis', 'node-redis'] as const;

/** One of them. */
export type ClientKind = (typeof CLIENTS)[number];

/** What a store connects to, in no library's terms: a URL, a node of a cluster, or a sentinel that knows `mymaster`. */
export type Address = string | { readonly clusterPort: number } | { readonly sentinelPort: number };

/** A store on one of the clients. */
export function createStore(client: ClientKind, address: Address, options: IoredisStoreOptions = {}): StreamStore {
  return client === 'ioredis' ? onIoredis(address, options) : onNodeRedis(address, options);
}

const host = '127.0.0.1';

function onIoredis(address: Address, options: IoredisStoreOptions): StreamStore {
  if (typeof address === 'string') return createIoredisStore(address, options);
  if ('sentinelPort' in address) {
    const sentinels = [{ host, port: address.sentinelPort }];
    return createIoredisStore({ sentinels, name: 'mymaster' }, options);
  }
  // The client is only asked for its options, so it never connects and needs no end.
  return createIoredisStore(new Cluster([{ host, port: address.clusterPort }], { lazyConnect: true }), options);
}

function onNodeRedis(address: Address, options: IoredisStoreOptions): StreamStore {
  if (typeof address === 'string') return createNodeRedisStore(address, options);
  if ('sentinelPort' in address) {
    const sentinelRootNodes = [{ host, port: address.sentinelPort }];
    return createNodeRedisStore({ name: 'mymaster', sentinelRootNodes }, options);
  }
  return createNodeRedisStore({ rootNodes: [{ url: `redis://${host}:${address.clusterPort}` }] }, options);
}
