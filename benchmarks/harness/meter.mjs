import { RawClient } from './raw-client.mjs';

/** Measures time, CPU of this process and CPU of the server between `start` and `stop`. */
export class Meter {
  #client;
  #before;

  constructor(client) {
    this.#client = client;
  }

  static async open(url) {
    return new Meter(await RawClient.connect(url));
  }

  /** Time and the client's CPU count from this very moment; the server's from its answer, which a busy loop may delay a little. */
  async start() {
    const now = performance.now();
    const client = process.cpuUsage();
    this.#before = { now, client, server: await this.#serverCpu() };
  }

  /** Resolves with seconds, and microseconds of CPU of client and server. */
  async stop() {
    const now = performance.now();
    const cpu = process.cpuUsage(this.#before.client);
    const server = await this.#serverCpu();
    this.#client.close();
    return {
      seconds: (now - this.#before.now) / 1_000,
      clientUs: cpu.user + cpu.system,
      serverUs: server - this.#before.server,
    };
  }

  async #serverCpu() {
    const info = await this.#client.call('INFO', 'cpu');
    const part = (name) => Number(new RegExp(`^${name}:([0-9.]+)`, 'm').exec(info)[1]) * 1e6;
    return part('used_cpu_sys') + part('used_cpu_user');
  }
}
