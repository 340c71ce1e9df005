import { Redis } from 'ioredis';
import { startProxy, type FaultProxy } from '../support/proxy.js';
import { startServer, type TestServer } from '../support/server.js';
import { waitFor } from '../support/wait.js';

/** A server and a plain client that looks at it from outside, and waits for as long as it is away. */
export interface Node {
  readonly server: TestServer;
  readonly client: Redis;
}

/** A server with its replica, both with every write on disk before it is answered, and the proxies that lead to the server. */
export class World implements AsyncDisposable {
  primary: Node;
  replica: Node;
  readonly #proxies = new Map<string, FaultProxy>();

  private constructor(primary: Node, replica: Node) {
    this.primary = primary;
    this.replica = replica;
  }

  /** Starts both servers. */
  static async start(): Promise<World> {
    const args = ['--repl-diskless-sync-delay', '0', '--busy-reply-threshold', '100'];
    const nodes = [];
    for (let count = 0; count < 2; count += 1) {
      const server = await startServer({ appendonly: true, args });
      nodes.push({ server, client: connect(server.url) });
    }
    const world = new World(nodes[0]!, nodes[1]!);
    await world.attachReplica();
    await world.untilInSync();
    return world;
  }

  /** A client of the server that has the data now. */
  get client(): Redis {
    return this.primary.client;
  }

  /** The link of one process; all links of one name are one. */
  async proxy(name: string): Promise<FaultProxy> {
    const proxy = this.#proxies.get(name) ?? (await startProxy(this.primary.server.port));
    this.#proxies.set(name, proxy);
    return proxy;
  }

  /** Every link. */
  get proxies(): readonly FaultProxy[] {
    return [...this.#proxies.values()];
  }

  /** Whose link it is. */
  nameOf(proxy: FaultProxy): string | undefined {
    return [...this.#proxies].find(([, known]) => known === proxy)?.[0];
  }

  /** Makes the replica follow the primary; again after either was restarted. */
  async attachReplica(): Promise<void> {
    await this.replica.client.replicaof('127.0.0.1', this.primary.server.port);
  }

  /** Whether the replica has all that the primary has. */
  async isInSync(): Promise<boolean> {
    const info = await this.client.info('replication');
    return /role:master/.test(info) && /slave0:.*state=online/.test(info);
  }

  /** Waits until the replica follows. */
  async untilInSync(): Promise<void> {
    await waitFor(() => this.isInSync(), 'the replica to follow', 60_000);
  }

  /**
   * Hands over to the replica without losing a write: the primary stops taking any, waits until the replica has all, and
   * the two change places. Answers false, with nothing changed, when the replica does not get there in time.
   */
  async failOver(): Promise<boolean> {
    if (!(await this.isInSync())) return false;
    const { replica, primary } = this;
    // Refused when the replica is lost at this moment, or when a lost answer made it be asked twice: its role will tell.
    await primary.client.call('FAILOVER', 'TO', '127.0.0.1', replica.server.port, 'TIMEOUT', 3_000).catch(() => {});
    const isOver = async () => /master_failover_state:no-failover/.test(await primary.client.info('replication'));
    await waitFor(isOver, 'the failover to end', 60_000);
    if (/role:master/.test(await primary.client.info('replication'))) return false;
    await waitFor(
      async () => /role:master/.test(await replica.client.info('replication')),
      'the replica to lead',
      60_000,
    );
    this.primary = replica;
    this.replica = primary;
    return true;
  }

  /** Leads every link to the server that is the primary now, and breaks those open. */
  retarget(): void {
    for (const proxy of this.#proxies.values()) proxy.retarget(this.primary.server.port);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const proxy of this.proxies) await proxy.close();
    for (const { server, client } of [this.primary, this.replica]) {
      client.disconnect();
      await server.stop();
    }
  }
}

function connect(url: string): Redis {
  const client = new Redis(url, { maxRetriesPerRequest: null, retryStrategy: () => 50, maxLoadingRetryTime: 1 });
  client.on('error', () => {});
  return client;
}
