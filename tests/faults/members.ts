import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished } from 'vitest';
import { waitFor } from '../support/wait.js';
import type { Place } from './checker.js';
import type { ClientKind } from './clients.js';

const PROGRAM = fileURLToPath(new URL('programs/standby.mjs', import.meta.url));

/** One of several processes of one consumer. Message numbers count from 1 in each process. */
export interface MemberPlan {
  readonly client: ClientKind;
  readonly url: string;
  readonly place: Place;
  /** Written into each output, to tell processes apart. */
  readonly by: string;
  readonly leaseMs: number;
  /** Default true. */
  readonly standby?: boolean;
  readonly maxMessages?: number;
  /** Pauses itself (SIGSTOP) when its handler gets this message. */
  readonly pauseInHandler?: number;
  /** Keeps its event loop busy after this message, for `blockMs` or until the file `blockUntil` exists. */
  readonly blockInHandler?: number;
  readonly blockMs?: number;
  readonly blockUntil?: string;
  /** Waits in the handler of this message until its signal is aborted. */
  readonly waitInHandler?: number;
}

/** What a process tells. */
export type MemberEvent = 'standby' | 'claimed' | 'working' | 'pausing' | 'blocked' | 'aborted' | 'ended';

interface MemberReport {
  readonly event: MemberEvent;
  readonly code?: string;
  readonly rewinds?: number;
}

/** Starts a process. It is killed at the end of the test at the latest. */
export function startMember(plan: MemberPlan): Member {
  return new Member(plan);
}

/** One process of a consumer. */
export class Member {
  readonly by: string;
  readonly exited: Promise<unknown>;
  readonly #process: ChildProcess;
  readonly #reports: MemberReport[] = [];
  #errors = '';

  constructor(plan: MemberPlan) {
    this.by = plan.by;
    const options = {
      execArgv: [],
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'] as ('ignore' | 'inherit' | 'pipe' | 'ipc')[],
    };
    const child = fork(PROGRAM, [JSON.stringify(plan)], options);
    this.#process = child;
    child.on('message', (report) => this.#reports.push(report as MemberReport));
    child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.exited = new Promise((resolve) => child.once('exit', resolve));
    onTestFinished(() => void child.kill('SIGKILL'));
  }

  /** Waits until the process has told of an event. Throws when it ends before. */
  async until(event: MemberEvent): Promise<MemberReport> {
    return waitFor(
      () => {
        const report = this.#reports.find((known) => known.event === event);
        if (report === undefined && !this.isRunning) throw new Error(`ended before '${event}': ${this.#errors}`);
        return report;
      },
      `process "${this.by}" to tell '${event}'`,
      20_000,
    );
  }

  /** What the process has told so far, in order. */
  get told(): MemberEvent[] {
    return this.#reports.map(({ event }) => event);
  }

  get isOwner(): boolean {
    return this.told.includes('claimed') && !this.told.includes('ended') && this.isRunning;
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  /** Sends a signal. */
  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Stops it as a deploy does; answers what it told at the end. */
  async stop(): Promise<MemberReport> {
    this.kill('SIGTERM');
    const report = await this.until('ended');
    await this.exited;
    return report;
  }
}

/** Once somebody else has written, a process never writes again. */
export function expectNoInterleaving(authors: readonly string[]): string[] {
  const turns = authors.filter((author, index) => author !== authors[index - 1]);
  expect(turns, 'owners in turn').toEqual([...new Set(turns)]);
  return turns;
}
