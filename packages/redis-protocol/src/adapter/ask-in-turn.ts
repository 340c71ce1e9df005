import { ConnectionLostError, type RedisConnection, type RedisReply } from '../driver.js';
import { withinTime } from '../within-time.js';

/** Where a server listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** The address to use for one that a cluster or a sentinel announces, by its `host:port`, where the two differ. */
export type AddressMap = Readonly<Record<string, NodeAddress>> | ((address: string) => NodeAddress | null | undefined);

/** How nodes are asked. */
export interface Question<T> {
  readonly command: readonly string[];
  readonly connect: (node: NodeAddress, timeoutMs: number) => Promise<RedisConnection>;
  /** How long connecting to all of them, and to the one that they name, may take. */
  readonly timeoutMs: number;
  /** What the reply of a node says. If it throws, the next node is asked. */
  readonly understand: (reply: RedisReply, asked: NodeAddress) => T;
}

/** What a node answered, and which one it was. */
export interface Told<T> {
  readonly answer: T;
  readonly by: NodeAddress;
}

/** A node that does not answer must leave time to ask another. */
const NODES_PER_TIMEOUT = 4;
/** Puts the places of nodes that are distrusted behind those of all others. */
const DISTRUSTED = 2 ** 50;

/**
 * Asks nodes that all should know the same, each in its turn: first one that was never asked, or whose turn was longest
 * ago. Nodes that did not answer, or whose answer led nowhere, come last, until they answer again. So neither nodes
 * that are gone nor one that is cut off from the others and does not know it can stand in the way for ever.
 */
export class NodesInTurn {
  /** Where nodes that were asked stand; the lowest is the next. */
  #places = new Map<string, number>();
  #turns = 0;

  /** Asks one node after the other until one answers; rejects as the last one did. */
  async ask<T>(nodes: readonly NodeAddress[], question: Question<T>): Promise<Told<T>> {
    let trouble: unknown = new ConnectionLostError('there are no nodes to ask');
    for (const node of this.#inTurn(nodes)) {
      this.#places.set(nodeKey(node), (this.#turns += 1));
      try {
        return { answer: question.understand(await ask(node, question), node), by: node };
      } catch (error) {
        this.distrust(node);
        trouble = error;
      }
    }
    throw trouble;
  }

  /** Has all others asked before this one: what it answered led nowhere. */
  distrust(node: NodeAddress): void {
    this.#places.set(nodeKey(node), DISTRUSTED + (this.#turns += 1));
  }

  #inTurn(nodes: readonly NodeAddress[]): NodeAddress[] {
    const placeOf = (node: NodeAddress) => this.#places.get(nodeKey(node)) ?? 0;
    this.#places = new Map(nodes.map((node) => [nodeKey(node), placeOf(node)]));
    return [...nodes].sort((one, other) => placeOf(one) - placeOf(other));
  }
}

async function ask(node: NodeAddress, { command, connect, timeoutMs }: Question<unknown>): Promise<RedisReply> {
  const limitMs = Math.ceil(timeoutMs / NODES_PER_TIMEOUT);
  const connection = await connect(node, limitMs);
  try {
    return await withinTime(connection.send(command), limitMs, `answer from ${nodeKey(node)}`);
  } finally {
    connection.close();
  }
}

/** One text per node, as users write it in address maps. */
export function nodeKey({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}

/** What the map makes of an address; without an entry it stays. */
export function translateAddress(map: AddressMap | undefined, announced: NodeAddress): NodeAddress {
  const key = nodeKey(announced);
  const mapped = typeof map === 'function' ? map(key) : map?.[key];
  return mapped ? { host: mapped.host, port: mapped.port } : announced;
}

/** The nodes in their order, each once. */
export function eachOnce(nodes: readonly NodeAddress[]): NodeAddress[] {
  return [...new Map(nodes.map((node) => [nodeKey(node), node])).values()];
}
