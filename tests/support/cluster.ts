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

async function clusterArguments(): Promise<string[]> {
  const busPort = String(await findFreePort()); // the default, port + 10,000, is often above 65,535
  const announced = ['--cluster-announce-ip', '127.0.0.1']; // clients are sent to this address
  return ['--cluster-enabled', 'yes', '--cluster-port', busPort, ...announced];
}

async function untilServing(port: number): Promise<void> {
  const isServing = async () => String(await request(port, 'CLUSTER', 'INFO')).includes('cluster_state:ok');
  await waitFor(isServing, `the cluster at port ${port} to serve its slots`);
}
