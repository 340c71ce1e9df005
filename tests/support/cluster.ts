import { request } from './resp.js';
import { findFreePort, startServer, type ServerOptions, type TestServer } from './server.js';
import { waitFor } from './wait.js';

/**
 * Starts a cluster of one node that owns all 16,384 slots, and waits until it serves them (about 2 s, which the server
 * insists on). After `restart` it waits again. Container engines map only the node's own port, which one node is fine with.
 */
export async function startCluster(options: ServerOptions = {}): Promise<TestServer> {
  const server = await startServer({ ...options, args: [...(await clusterArguments()), ...(options.args ?? [])] });
  try {
    await request(server.port, 'CLUSTER', 'ADDSLOTSRANGE', 0, 16383);
    await untilServing(server.port);
  } catch (error) {
    await server.stop();
    throw error;
  }
  const restart = server.restart.bind(server);
  server.restart = async () => {
    await restart();
    await untilServing(server.port);
  };
  return server;
}

/** Two masters that share the slots; each hash slot can be moved to the other one. */
export interface TwoMasters extends AsyncDisposable {
  /** The one that has slots 0 to 8,191 at the beginning. */
  readonly first: TestServer;
  /** The one that has the rest. */
  readonly second: TestServer;
}

/** Starts a cluster of two masters and waits until both serve (about 3 s). */
export async function startTwoMasters(): Promise<TwoMasters> {
  const busPort = await findFreePort();
  const first = await startServer({ args: await clusterArguments() });
  const second = await startServer({ args: await clusterArguments(busPort) });
  const stop = async (): Promise<void> => void (await Promise.all([first.stop(), second.stop()]));
  try {
    await request(first.port, 'CLUSTER', 'ADDSLOTSRANGE', 0, 8191);
    await request(second.port, 'CLUSTER', 'ADDSLOTSRANGE', 8192, 16_383);
    await request(first.port, 'CLUSTER', 'SET-CONFIG-EPOCH', 1);
    await request(second.port, 'CLUSTER', 'SET-CONFIG-EPOCH', 2);
    await request(first.port, 'CLUSTER', 'MEET', '127.0.0.1', second.port, busPort);
    await Promise.all([untilServing(first.port), untilServing(second.port)]);
  } catch (error) {
    await stop();
    throw error;
  }
  return { first, second, [Symbol.asyncDispose]: stop };
}

/** What happens between the steps of a migration. */
export interface MigrationSteps {
  /** After each key that was moved; how many are left at the old node. */
  readonly onMoved?: (left: number) => Promise<unknown>;
}

/**
 * Moves a hash slot from one master to the other, key by key, as `redis-cli --cluster reshard` does. Meanwhile the nodes
 * answer `ASK` and `TRYAGAIN`, afterwards the old one answers `MOVED`.
 */
export async function migrateSlot(
  slot: number,
  { from, to }: { readonly from: TestServer; readonly to: TestServer },
  steps: MigrationSteps = {},
): Promise<void> {
  const [fromId, toId] = [await request(from.port, 'CLUSTER', 'MYID'), await request(to.port, 'CLUSTER', 'MYID')];
  await request(to.port, 'CLUSTER', 'SETSLOT', slot, 'IMPORTING', String(fromId));
  await request(from.port, 'CLUSTER', 'SETSLOT', slot, 'MIGRATING', String(toId));
  for (;;) {
    const keys = (await request(from.port, 'CLUSTER', 'GETKEYSINSLOT', slot, 100)) as string[];
    if (keys.length === 0) break;
    await request(from.port, 'MIGRATE', '127.0.0.1', to.port, keys[0]!, 0, 5_000);
    await steps.onMoved?.(keys.length - 1);
  }
  // The new owner first, so that the slot is never without one.
  for (const { port } of [to, from]) await request(port, 'CLUSTER', 'SETSLOT', slot, 'NODE', String(toId));
}

/** Takes a slot away from its owner, so that it answers `CLUSTERDOWN`, for as long as `work` takes. */
export async function withoutSlot(slot: number, owner: TestServer, work: () => Promise<unknown>): Promise<void> {
  await request(owner.port, 'CLUSTER', 'DELSLOTS', slot);
  try {
    await work();
  } finally {
    await request(owner.port, 'CLUSTER', 'ADDSLOTS', slot);
    await untilServing(owner.port);
  }
}

async function clusterArguments(port?: number): Promise<string[]> {
  const busPort = String(port ?? (await findFreePort())); // the default, port + 10,000, is often above 65,535
  const announced = ['--cluster-announce-ip', '127.0.0.1']; // clients are sent to this address
  return ['--cluster-enabled', 'yes', '--cluster-port', busPort, ...announced];
}

async function untilServing(port: number): Promise<void> {
  const isServing = async () => String(await request(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok');
  await waitFor(isServing, `the cluster at port ${port} to serve its slots`);
}
