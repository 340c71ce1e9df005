import {
  ClusterDriver,
  keyPrefixOf,
  nodeKey,
  type AddressMap,
  type NodeAddress,
  wrongOption,
} from '@ars/redis-protocol';
import { identityOf, readUrl, type Identity } from './client-options.js';
import { connectOnce } from './one-life-connection.js';

/** What is taken from the options of a cluster. */
interface ClusterInput {
  readonly rootNodes?: readonly object[];
  readonly defaults?: object;
  readonly nodeAddressMap?: AddressMap;
  readonly keyPrefix?: unknown;
}

/**
 * Connects to the nodes of a Redis Cluster: always to the master of the slot, with a plain connection. Of the user's
 * options it takes the root nodes, the identity in `defaults`, `nodeAddressMap` and `keyPrefix`.
 */
export function clusterDriver(options: object): ClusterDriver {
  const { rootNodes, defaults = {}, nodeAddressMap, keyPrefix } = options as ClusterInput;
  if (!Array.isArray(rootNodes) || rootNodes.length === 0) {
    throw wrongOption('rootNodes', 'must list nodes');
  }
  const roots = new Map(rootNodes.map((root: object) => withAddress(readUrl(root))));
  return new ClusterDriver({
    keyPrefix: keyPrefixOf(keyPrefix),
    parserCost: 'low',
    addressMap: nodeAddressMap,
    seeds: () => [...roots.values()].map(({ address }) => address),
    connect: (node, timeoutMs) => {
      const own = roots.get(nodeKey(node))?.identity;
      return connectOnce(nodeIdentity(identityOf(defaults), own, node), timeoutMs, nodeKey(node));
    },
  });
}

interface Root {
  readonly address: NodeAddress;
  readonly identity: Identity;
}

function withAddress(identity: Identity): [string, Root] {
  const { host = '127.0.0.1', port = 6379 } = (identity.socket ?? {}) as Partial<NodeAddress>;
  const address = { host, port };
  return [nodeKey(address), { address, identity }];
}

/** What is given with a root node is that node's; `defaults` are everyone's. */
function nodeIdentity(defaults: Identity, own: Identity | undefined, { host, port }: NodeAddress): Identity {
  const socket = { ...defaults.socket, ...own?.socket, host, port };
  return { ...defaults, ...own, socket, database: 0 } as Identity;
}
