import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { waitFor } from '../support/wait.js';
import type { Place } from './checker.js';
import type { ClientKind } from './clients.js';

const PROGRAM = fileURLToPath(new URL('programs/consumer.mjs', import.meta.url));

/** What one owner process does besides consuming. Message and commit numbers count from 1 in each process. */
export interface ChildPlan {
  /** The library it connects with. */
  readonly client: ClientKind;
  readonly url: string;
  readonly place: Place;
  /** Written into each output, to tell owners apart. */
  readonly by?: string;
  readonly maxMessages?: number;
  readonly leaseMs?: number;
  /** Options of the store. */
  readonly store?: { readonly commandTimeoutMs?: number };
  /** Kills itself when its handler gets this message. */
  readonly dieInHandler?: number;
  /** Kills itself when this commit is acknowledged. */
  readonly dieAtCommit?: number;
  /** Pauses itself (SIGSTOP) when its handler gets this message. */
  readonly pauseInHandler?: number;
  /** Handles this message only after `release`. */
  readonly holdInHandler?: number;
}

/** What an owner process tells. */
export interface ChildReport {
  readonly event: 'claimed' | 'working' | 'pausing' | 'holding' | 'ended';
  /** With `ended`: the code of the error that ended it. */
  readonly code?: string;
  readonly rewinds?: number;
  readonly recoveries?: number;
}

/** How a process ended. */
export interface ChildExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

const alive = new Set<ChildProcess>();
afterEach(() => {
  for (const child of alive) child.kill('SIGKILL');
});

/** Starts an owner process. It is killed at the end of the test at the latest. */
export function startChild(plan: ChildPlan): Child {
  return new Child(plan);
}

/** One owner process. */
export class Child {
  readonly exited: Promise<ChildExit>;
  readonly #process: ChildProcess;
  readonly #reports: ChildReport[] = [];
  #errors = '';

  constructor(plan: ChildPlan) {
    const child = fork(PROGRAM, [JSON.stringify(plan)], { execArgv: [], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.#process = child;
    alive.add(child);
    child.on('message', (report) => this.#reports.push(report as ChildReport));
    child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.exited = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        alive.delete(child);
        resolve({ code, signal });
      });
    });
  }

  /** Waits until the process has told of an event. Throws when it ends before. */
  async until(event: ChildReport['event']): Promise<ChildReport> {
    return waitFor(
      () => {
        const report = this.#reports.find((known) => known.event === event);
        if (report === undefined && !this.#isRunning) throw new Error(`ended before '${event}': ${this.#errors}`);
        return report;
      },
      `a child process to tell '${event}'`,
      20_000,
    );
  }

  /** Whether the process has told of an event so far. */
  hasTold(event: ChildReport['event']): boolean {
    return this.#reports.some((known) => known.event === event);
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Lets a held handler go on. */
  release(): void {
    this.#process.send('release');
  }

  /** Asks the consumer to stop; resolves to its report when the process has ended. */
  async stop(): Promise<ChildReport> {
    this.#process.send('stop');
    const report = await this.until('ended');
    await this.exited;
    return report;
  }

  get #isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }
}
