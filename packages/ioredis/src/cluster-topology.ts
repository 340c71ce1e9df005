import { ConnectionLostError, type RedisConnection, type RedisReply } from '@ars/redis-protocol';

/** Where a node of the cluster listens. */
export interface NodeAddress {
  readonly host: string;
  readonly port: number;
}

/** Slots `first` to `last` are the master's. */
interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly master: NodeAddress;
}

/** What a topology needs of its driver. */
export interface TopologyParts {
  /** Nodes to begin with. */
  readonly seeds: () => readonly NodeAddress[];
  readonly connect: (node: NodeAddress) => Promise<RedisConnection>;
  /** The address to use for one that the cluster announces. */
  readonly translate: (announced: NodeAddress) => NodeAddress;
}

/**
 * Which master has which slot. It is asked anew for every connection: connections are rare, and one that is opened
 * because of a failover must not be led by what was true before it.
 */
export class ClusterTopology {
  readonly #parts: TopologyParts;
  #known: readonly NodeAddress[] = [];

  constructor(parts: TopologyParts) {
    this.#parts = parts;
  }

  /** The master of a slot. Rejects as the last node that was asked did, when none answers. */
  async masterOf(slot: number): Promise<NodeAddress> {
    let trouble: unknown = new ConnectionLostError('the cluster has no nodes to ask');
    for (const node of unique([...this.#known, ...this.#parts.seeds()])) {
      try {
        const ranges = await this.#ask(node);
        const range = ranges.find(({ first, last }) => first <= slot && slot <= last);
        if (range !== undefined) return range.master;
        trouble = new ConnectionLostError(`no node of the cluster serves slot ${slot}`);
      } catch (error) {
        trouble = error;
      }
    }
    throw trouble;
  }

  async #ask(node: NodeAddress): Promise<readonly SlotRange[]> {
    const connection = await this.#parts.connect(node);
    try {
      const reply = await connection.send(['CLUSTER', 'SLOTS']);
      const ranges = (reply as RedisReply[][]).map((range) => this.#range(range, node));
      this.#known = unique(ranges.map(({ master }) => master));
      return ranges;
    } finally {
      connection.close();
    }
  }

  /** A node that does not know its own address leaves it empty: it is the one that was asked. */
  #range(range: readonly RedisReply[], asked: NodeAddress): SlotRange {
    const [host, port] = range[2] as [Buffer | null, number];
    const name = String(host ?? '');
    const master =
      name === '' || name === '?' ? { host: asked.host, port } : this.#parts.translate({ host: name, port });
    return { first: range[0] as number, last: range[1] as number, master };
  }
}

/** One text per node, as users write it in `natMap`. */
export function nodeKey({ host, port }: NodeAddress): string {
  return `${host}:${port}`;
}

function unique(nodes: readonly NodeAddress[]): NodeAddress[] {
  return [...new Map(nodes.map((node) => [nodeKey(node), node])).values()];
}
