import {
  createClient,
  type RedisClientOptions,
  type RedisFunctions,
  type RedisModules,
  type RedisScripts,
} from 'redis';
import type { RespVersions, TypeMapping } from 'redis';
import { ConfigurationError } from '@ars/core';

/** The options of `createClient`, with any modules, scripts, protocol version and type mapping. */
export type NodeRedisClientOptions = RedisClientOptions<
  RedisModules,
  RedisFunctions,
  RedisScripts,
  RespVersions,
  TypeMapping
>;

/** The options of a client that say where and as whom it connects; only these are taken from what the user gave. */
export type Identity = Pick<
  NodeRedisClientOptions,
  | 'socket'
  | 'username'
  | 'password'
  | 'credentialsProvider'
  | 'name'
  | 'database'
  | 'disableClientInfo'
  | 'clientInfoTag'
>;

const IDENTITY: readonly (keyof Identity)[] = [
  'socket',
  'username',
  'password',
  'credentialsProvider',
  'name',
  'database',
  'disableClientInfo',
  'clientInfoTag',
];

/** Takes the identity from options whose URL, if any, node-redis has read already. */
export function identityOf(options: object): Identity {
  const known = IDENTITY.filter((name) => (options as Identity)[name] !== undefined);
  return Object.fromEntries(known.map((name) => [name, (options as Identity)[name]]));
}

/** Has node-redis read the URL, with a client that never connects. It writes into what it is given, hence the copies. */
export function readUrl(options: {
  readonly url?: string | undefined;
  readonly socket?: object | undefined;
}): Identity {
  if (options.url === undefined) return identityOf(options);
  const socket = options.socket === undefined ? {} : { socket: { ...options.socket } };
  try {
    const client = makeClient({ ...identityOf(options), url: options.url, ...socket });
    endClient(client);
    return identityOf(client.options ?? {});
  } catch {
    // Not with the reason that node-redis gives: it may repeat the URL.
    throw new ConfigurationError('node-redis refuses the URL: it is not well-formed, or socket.tls contradicts it');
  }
}

/**
 * A client of our own. It is made as a duplicate, since for other options than those of the time before `createClient`
 * writes all commands anew: tens of milliseconds for each client.
 */
export function makeClient(options: object): NodeRedis {
  if (original === undefined) {
    original = createClient();
    endClient(original);
  }
  return original.duplicate(options);
}

type NodeRedis = ReturnType<typeof createClient>;

let original: NodeRedis | undefined;

/** Ends a client at once. Version 5 throws when it has ended already, or was never connected. */
export function endClient(client: { destroy(): void }): void {
  try {
    client.destroy();
  } catch {
    // What was wanted is so.
  }
}
