import { ConfigurationError } from '@ars/core';
import {
  checkDatabase,
  ConnectionLostError,
  keyPrefixOf,
  NodesInTurn,
  sentinelName,
  SingleDriver,
  translateAddress,
  wrongOption,
  type AddressMap,
  type NodeAddress,
  type RedisReply,
} from '@ars/redis-protocol';
import { identityOf, type Identity } from './client-options.js';
import { connectOnce } from './one-life-connection.js';

/** What is taken from the options of a sentinel. */
interface SentinelInput {
  readonly name?: unknown;
  readonly sentinelRootNodes?: readonly NodeAddress[];
  readonly nodeClientOptions?: object;
  readonly sentinelClientOptions?: object;
  readonly nodeAddressMap?: AddressMap;
  readonly keyPrefix?: unknown;
}

/** Connects to whichever server the sentinels name as the master at the time; they are asked for every connection. */
export function sentinelDriver(options: object): SingleDriver {
  const { name, sentinelRootNodes, nodeAddressMap, keyPrefix, ...clients } = options as SentinelInput;
  if (typeof name !== 'string' || name === '') throw wrongOption('name', 'must name the master');
  if (!Array.isArray(sentinelRootNodes) || sentinelRootNodes.length === 0) {
    throw wrongOption('sentinelRootNodes', 'must list sentinels');
  }
  const forNodes = () => identityOf(clients.nodeClientOptions ?? {});
  const forSentinels = () => identityOf(clients.sentinelClientOptions ?? {});
  const { database = 0 } = forNodes();
  checkDatabase('database', database);
  const turns = new NodesInTurn();
  return new SingleDriver({
    name: sentinelName(sentinelRootNodes, name, database),
    keyPrefix: keyPrefixOf(keyPrefix),
    parserCost: 'low',
    connect: async (timeoutMs) => {
      const { answer: master, by } = await turns.ask(sentinelRootNodes, {
        command: ['SENTINEL', 'get-master-addr-by-name', name],
        connect: (sentinel, limitMs) =>
          connectOnce(at(forSentinels(), translateAddress(nodeAddressMap, sentinel)), limitMs),
        timeoutMs,
        understand: (reply) => masterIn(reply, name),
      });
      return connectOnce(at(forNodes(), translateAddress(nodeAddressMap, master)), timeoutMs).catch(
        (error: unknown) => {
          turns.distrust(by);
          throw error;
        },
      );
    },
  });
}

function masterIn(reply: RedisReply, name: string): NodeAddress {
  if (!Array.isArray(reply)) throw new ConnectionLostError(`no sentinel knows a master named '${name}'`);
  return { host: String(reply[0]), port: Number(reply[1]) };
}

function at(identity: Identity, { host, port }: NodeAddress): Identity {
  return { ...identity, socket: { ...identity.socket, host, port } } as Identity;
}

/**
 * The options of a client made with `createSentinel`. It keeps them to itself, but hands them to the constructor of its
 * duplicate, which here is one that only takes them. Version 5 cannot duplicate sentinels.
 */
export function sentinelOptionsOf(sentinel: object): object {
  let options: object | undefined;
  class Taker {
    readonly _self = (sentinel as { _self?: object })._self ?? sentinel;
    constructor(given?: object) {
      options = given;
    }
  }
  const { duplicate } = sentinel as { duplicate?: (this: Taker) => unknown };
  duplicate?.call(new Taker());
  if (options !== undefined) return options;
  throw new ConfigurationError(
    'this version of node-redis hides the options of a sentinel: pass the options themselves',
  );
}
