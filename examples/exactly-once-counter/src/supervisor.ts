import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beginAfter } from './order.js';
import type { Streams } from './streams.js';
import type { WorkerPlan } from './worker.js';

const WORKER = fileURLToPath(new URL('worker.js', import.meta.url));

/** Keeps one worker running: whenever its process ends, for whatever reason, another one starts. */
export class Supervised {
  readonly name: string;
  kills = 0;
  /** Producers: all orders up to here are in the stream. */
  written = 0;
  readonly #url: string;
  readonly #streams: Streams;
  #process!: ChildProcess;
  #isStopping = false;
  #ended!: Promise<void>;

  constructor(name: string, url: string, streams: Streams) {
    this.name = name;
    this.#url = url;
    this.#streams = streams;
    this.#start();
  }

  /** Kills it as the kernel would: nothing is said, nothing is saved. Answers false when it is just not running. */
  kill(): void {
    if (this.#process.kill('SIGKILL')) this.kills += 1;
  }

  /** Stops it as a deployment would. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#process.kill('SIGTERM');
    await this.#ended;
  }

  #start(): void {
    const plan: WorkerPlan = {
      name: this.name,
      url: this.#url,
      streams: this.#streams,
      from: beginAfter(this.written),
    };
    const child = fork(WORKER, [JSON.stringify(plan)], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    this.#process = child;
    child.on('message', (number) => (this.written = Math.max(this.written, number as number)));
    this.#ended = new Promise((resolve) => {
      child.once('close', () => {
        resolve();
        if (!this.#isStopping) this.#start();
      });
    });
  }
}
