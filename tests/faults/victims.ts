import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Redis } from 'ioredis';
import { afterEach, expect } from 'vitest';
import { waitFor } from '../support/wait.js';
import type { ClientKind } from './clients.js';

const PROGRAM = fileURLToPath(new URL('programs/victim.mjs', import.meta.url));

/** What one owner process with dead letters does. */
export interface VictimPlan {
  /** The library it connects with. */
  readonly client: ClientKind;
  readonly url: string;
  /** Several, so that its record is the home's. */
  readonly streams: readonly string[];
  readonly consumerId: string;
  /** Where each handled message publishes its number. */
  readonly target: string;
  /** Without it nothing is suspected. */
  readonly deadLetter?: string;
  readonly attempts: number;
  /** Numbers whose handler kills the process. */
  readonly deadly?: readonly string[];
  /** Numbers whose handler throws. */
  readonly failing?: readonly string[];
  /** How long each message takes. */
  readonly delayMs?: number;
  readonly maxMessages?: number;
  readonly leaseMs?: number;
}

const alive = new Set<ChildProcess>();
afterEach(() => {
  for (const child of alive) child.kill('SIGKILL');
});

/** One owner process; it is killed at the end of the test at the latest. */
export class Victim {
  /** Resolves to the signal that ended it, or to nothing when it ended by itself. */
  readonly exited: Promise<NodeJS.Signals | null>;
  readonly #process: ChildProcess;
  readonly #events: { event: string; code?: string }[] = [];
  #errors = '';

  constructor(plan: VictimPlan) {
    const child = fork(PROGRAM, [JSON.stringify(plan)], { execArgv: [], stdio: ['ignore', 'inherit', 'pipe', 'ipc'] });
    this.#process = child;
    alive.add(child);
    child.on('message', (event) => this.#events.push(event as { event: string }));
    child.stderr!.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.exited = new Promise((resolve) => {
      child.once('exit', (_, signal) => {
        alive.delete(child);
        resolve(signal);
      });
    });
  }

  get isAlive(): boolean {
    return alive.has(this.#process);
  }

  /** Waits until its first message is with the handler. */
  async working(): Promise<void> {
    const isWorking = (): boolean => this.#events.some(({ event }) => event === 'working') || !this.isAlive;
    await waitFor(isWorking, 'a message to be handled', 20_000);
  }

  kill(): void {
    this.#process.kill('SIGKILL');
  }

  /** Stops it gracefully. */
  async stop(): Promise<void> {
    this.#process.send('stop');
    expect(await this.exited, this.#errors).toBeNull();
    expect(this.#events.at(-1), this.#errors).toEqual({ event: 'ended' });
  }
}

/** Where a victim's record is. */
export function recordOf({ consumerId }: VictimPlan, tag: string): string {
  return `ars:{${tag}}:consumer:*:${consumerId}`;
}

/** Adds messages with the numbers from `from` to `to`. */
export async function addNumbers(client: Redis, stream: string, from: number, to: number): Promise<void> {
  const pipeline = client.pipeline();
  for (let n = from; n <= to; n += 1) pipeline.xadd(stream, '*', 'n', String(n));
  await pipeline.exec();
}

/** Waits until every entry of every stream is behind the committed positions, or the process is gone; true in the first case. */
export async function isDone(client: Redis, plan: VictimPlan, record: string, victim: Victim): Promise<boolean> {
  const lasts = await Promise.all(plan.streams.map((stream) => client.xrevrange(stream, '+', '-', 'COUNT', 1)));
  const fields = plan.streams.map((stream) => `position:${stream}`);
  const hasPassed = async (): Promise<boolean> => {
    const positions = await client.hmget(record, ...fields);
    return lasts.every((last, index) => last.length === 0 || positions[index] === last[0]![0]);
  };
  await waitFor(
    async () => !victim.isAlive || (await hasPassed()),
    'the end of the streams, or of the process',
    20_000,
  );
  return hasPassed();
}

/** One field of every entry. */
export async function valuesOf(client: Redis, stream: string, field: string): Promise<string[]> {
  return (await client.xrange(stream, '-', '+')).map(([, fields]) => {
    const at = fields.findIndex((name, index) => index % 2 === 0 && name === field);
    return fields[at + 1]!;
  });
}

/** Checks that each number was either handled or put aside, once, and that the state is exactly that of the handled. */
export async function expectEach(client: Redis, plan: VictimPlan, dead: readonly string[]): Promise<void> {
  const given = (await Promise.all(plan.streams.map((stream) => valuesOf(client, stream, 'n')))).flat();
  const handled = await valuesOf(client, plan.target, 'n');
  const aside = plan.deadLetter === undefined ? [] : await valuesOf(client, plan.deadLetter, 'n');
  expect([...aside].sort(), 'dead letters').toEqual([...dead].sort());
  expect([...handled, ...aside].sort(), 'each exactly once').toEqual([...given].sort());
  expect(await valuesOf(client, plan.target, 'count'), 'order').toEqual(handled.map((_, index) => String(index + 1)));
  const [key] = await client.keys('ars:*:state:*');
  const state = handled.length === 0 ? undefined : await client.hgetall(key!);
  const sum = handled.reduce((total, n) => total + Number(n), 0);
  expect([state?.['a:count'], state?.['a:sum']], 'state').toEqual([String(handled.length), String(sum)]);
}
