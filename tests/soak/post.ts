import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Figures } from './figures.js';

/** What a process of the soak tells. */
interface Report {
  readonly event: 'claimed' | 'ended' | 'acked' | 'quiet';
  readonly n?: number;
  readonly error?: string | null;
  readonly stats?: { readonly recoveries: number; readonly rewinds: number };
}

/** What a post needs of its surroundings. */
export interface PostOptions {
  readonly role: string;
  readonly program: 'member.mjs' | 'producer.mjs';
  /** What a process that starts now is told, beside its role; `acked` as of the post. */
  readonly plan: (acked: number) => Record<string, unknown>;
  readonly figures: Figures;
  /** Whether other posts hold the same consumer, so that any of its processes may be fenced. Default false. */
  readonly isShared?: boolean;
}

/** None outlives the soak, not even one that is paused. */
const alive = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL');
});

interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly why: string;
  readonly isContested: boolean;
}

/**
 * One place in the chain, held by one process at a time: whoever ends is followed by another, whatever the cause. What
 * ends for a cause that no fault explains is a finding. A post may be taken over while its holder lives.
 */
export class Post {
  readonly role: string;
  /** Whether any of its processes has got to work so far. */
  hasWorked = false;
  /** Producers: all orders up to here are acknowledged. */
  acked = 0;
  /** How long until the next process starts, after the one that ends now. */
  restartDelayMs = 0;
  readonly #options: PostOptions;
  readonly #living = new Set<ChildProcess>();
  /** Those that lived beside another process of this post, and may therefore be fenced. */
  readonly #contested = new WeakSet<ChildProcess>();
  #holder: ChildProcess | undefined;
  #isQuiet = false;
  #wantsQuiet = false;
  #isOver = false;

  constructor(options: PostOptions) {
    this.role = options.role;
    this.#options = options;
    this.#start();
  }

  /** Whether a producer has paused as asked. */
  get isQuiet(): boolean {
    return this.#isQuiet;
  }

  /** Asks a producer to pause or to go on; a successor is asked, too. */
  quiet(isOn: boolean): void {
    this.#wantsQuiet = isOn;
    this.#isQuiet = false;
    this.#tell();
  }

  /** Sends a signal to the holder. */
  signal(signal: NodeJS.Signals): void {
    this.#holder?.kill(signal);
  }

  /** Sends SIGCONT to all that live, also to those already replaced. */
  wake(): void {
    for (const child of this.#living) child.kill('SIGCONT');
  }

  /** Starts another process while the holder lives, which is fenced by it; one that would stand by is told to stop. */
  takeOver(): void {
    const former = this.#holder;
    this.#start();
    if (this.#options.isShared) former?.kill('SIGTERM');
  }

  /** Ends it for good. */
  async close(): Promise<void> {
    this.#isOver = true;
    const ended = [...this.#living].map((child) => new Promise((resolve) => child.once('exit', resolve)));
    for (const child of this.#living) child.kill('SIGKILL');
    await Promise.all(ended);
  }

  #start(): void {
    const { program, plan, figures } = this.#options;
    const path = fileURLToPath(new URL(`programs/${program}`, import.meta.url));
    const argument = JSON.stringify({ role: this.role, ...plan(this.acked) });
    const child = fork(path, [argument], { execArgv: [], stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
    figures.processes += 1;
    this.#holder = child;
    this.#living.add(child);
    alive.add(child);
    if (this.#living.size > 1 || this.#options.isShared) for (const each of this.#living) this.#contested.add(each);
    let errors = '';
    let last: Report | undefined;
    child.stderr!.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2_000)));
    child.on('message', (report: Report) => this.#heard(child, (last = report)));
    child.once('close', (code, signal) => {
      this.#living.delete(child);
      alive.delete(child);
      this.#judge({ code, signal, why: last?.error ?? errors, isContested: this.#contested.has(child) });
      if (child === this.#holder) this.#follow();
    });
    child.on('error', () => {}); // a message to a process that has just ended
    this.#isQuiet = false;
    this.#tell();
  }

  #tell(): void {
    const child = this.#holder;
    if (this.#options.program === 'producer.mjs' && child?.connected) child.send(this.#wantsQuiet ? 'quiet' : 'go');
  }

  #heard(child: ChildProcess, { event, n, stats }: Report): void {
    const { figures } = this.#options;
    if (event === 'acked') this.acked = Math.max(this.acked, n!);
    if (event === 'quiet' && child === this.#holder) this.#isQuiet = this.#wantsQuiet;
    if (event === 'claimed') {
      figures.trace(`${this.role} works`);
      this.hasWorked = true;
      figures.claims += 1;
    }
    figures.recoveries += stats?.recoveries ?? 0;
    if (stats !== undefined && stats.rewinds > 0) figures.find(`${this.role}: rewound, though no write was lost`);
  }

  #judge({ code, signal, why, isContested }: Ending): void {
    if (this.#isOver) return;
    const { figures } = this.#options;
    if (code === 4 && !isContested) figures.find(`${this.role}: fenced, though there was no other process: ${why}`);
    figures.trace(`${this.role} ended: ${signal ?? code} ${why}`);
    const cause = signal ?? { 0: 'stopped', 3: 'not reachable at the start', 4: 'fenced' }[code ?? 1];
    if (cause === undefined) figures.find(`${this.role}: a process ended with ${code}: ${why}`);
    else figures.endings.set(cause, (figures.endings.get(cause) ?? 0) + 1);
  }

  #follow(): void {
    this.#holder = undefined;
    const delayMs = Math.max(this.restartDelayMs, 50);
    this.restartDelayMs = 0;
    setTimeout(() => this.#isOver || this.#start(), delayMs);
  }
}
