import { ConnectionLostError, type RedisConnection, type RedisReply } from '../driver.js';
import {
  eachOnce,
  NodesInTurn,
  translateAddress,
  type AddressMap,
  type NodeAddress,
  type Told,
} from './ask-in-turn.js';

/** Slots `first` to `last` are the master's. */
interface SlotRange {
  readonly first: number;
  readonly last: number;
  readonly master: NodeAddress;
}

/** How the nodes of a cluster are found and reached. */
export interface ClusterNodes {
  /** Nodes to begin with. */
  readonly seeds: () => readonly NodeAddress[];
  readonly connect: (node: NodeAddress, timeoutMs: number) => Promise<RedisConnection>;
  readonly addressMap: AddressMap | undefined;
}

/**
 * Which master has which slot. It is asked anew for every connection: connections are rare, and one that is opened
 * because of a failover must not be led by what was true before it.
 */
export class ClusterTopology {
  readonly #nodes: ClusterNodes;
  readonly #turns = new NodesInTurn();
  #known: readonly NodeAddress[] = [];

  constructor(nodes: ClusterNodes) {
    this.#nodes = nodes;
  }

  /** The master of a slot, and who said so. Rejects as the last node that was asked did, when none answers. */
  masterOf(slot: number, timeoutMs: number): Promise<Told<NodeAddress>> {
    return this.#turns.ask(eachOnce([...this.#known, ...this.#nodes.seeds()]), {
      command: ['CLUSTER', 'SLOTS'],
      connect: this.#nodes.connect,
      timeoutMs,
      understand: (reply, asked) => {
        const ranges = (reply as RedisReply[][]).map((range) => this.#range(range, asked));
        this.#known = eachOnce(ranges.map(({ master }) => master));
        const range = ranges.find(({ first, last }) => first <= slot && slot <= last);
        if (range === undefined) throw new ConnectionLostError(`no node of the cluster serves slot ${slot}`);
        return range.master;
      },
    });
  }

  /** Has other nodes asked first: the master that this one told does not serve. */
  distrust(node: NodeAddress): void {
    this.#turns.distrust(node);
  }

  /** A node that does not know its own address leaves it empty: it is the one that was asked. */
  #range(range: readonly RedisReply[], asked: NodeAddress): SlotRange {
    const [host, port] = range[2] as [Buffer | null, number];
    const name = String(host ?? '');
    const isUnknown = name === '' || name === '?';
    const master = isUnknown
      ? { host: asked.host, port }
      : translateAddress(this.#nodes.addressMap, { host: name, port });
    return { first: range[0] as number, last: range[1] as number, master };
  }
}
