import { request } from '../../../../tests/support/resp.js';
import { findFreePort, startServer, type TestServer } from '../../../../tests/support/server.js';
import { waitFor } from '../../../../tests/support/wait.js';

/** Two masters: slots 0 to 8,191 are the first one's, the rest are the second one's. */
export interface TwoNodeCluster extends AsyncDisposable {
  readonly first: TestServer;
  readonly second: TestServer;
}

/** Starts two nodes and waits until both serve. */
export async function startTwoNodes(): Promise<TwoNodeCluster> {
  const [first, second] = [await startNode(), await startNode()];
  await request(first.server.port, 'CLUSTER', 'ADDSLOTSRANGE', 0, 8191);
  await request(second.server.port, 'CLUSTER', 'ADDSLOTSRANGE', 8192, 16_383);
  await request(first.server.port, 'CLUSTER', 'SET-CONFIG-EPOCH', 1);
  await request(second.server.port, 'CLUSTER', 'SET-CONFIG-EPOCH', 2);
  await request(first.server.port, 'CLUSTER', 'MEET', '127.0.0.1', second.server.port, second.busPort);
  for (const { server } of [first, second]) {
    const isServing = async () => String(await request(server.port, 'CLUSTER', 'INFO')).includes('cluster_state:ok');
    await waitFor(isServing, 'the cluster to serve');
  }
  return {
    first: first.server,
    second: second.server,
    async [Symbol.asyncDispose]() {
      await Promise.all([first.server.stop(), second.server.stop()]);
    },
  };
}

async function startNode(): Promise<{ server: TestServer; busPort: number }> {
  const busPort = await findFreePort();
  const args = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-announce-ip', '127.0.0.1'];
  return { server: await startServer({ args }), busPort };
}
