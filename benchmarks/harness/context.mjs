import { fillStream } from '../workload.mjs';
import { runInChild, startChild } from './child.mjs';
import { RawClient } from './raw-client.mjs';
import { startServer } from './server.mjs';

/** What a suite works with: options, servers of its own, and children, placed as the options say. */
export class Context {
  constructor(options) {
    this.options = options;
  }

  /** Runs `work` with a fresh server, and ends the server whatever comes of it. */
  async withServer(options, work) {
    const server = await startServer({ ...this.#placement(options), aof: options.aof ?? 'off' });
    const client = await RawClient.connect(server.url);
    const fill = (stream, what) => fillStream(client, stream, what);
    try {
      return await work({ url: server.url, fill, call: (...args) => client.call(...args) });
    } finally {
      client.close();
      await server.stop();
    }
  }

  /** Runs a function in a child; `core` in its input, or --pin, chooses the core. */
  inChild(module, name, input, more = {}) {
    return runInChild(module, name, input, { ...this.#placement(input), ...more });
  }

  /** Starts a child that runs on beside others. */
  startChild(module, name, input) {
    return startChild(module, name, input, this.#placement(input));
  }

  #placement({ core }) {
    return { core: core ?? (this.options.pin ? 0 : undefined) };
  }
}
