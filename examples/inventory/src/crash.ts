import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { StreamStore } from '@ars/core';
import { createStore, createTracker, type Streams } from './tracker.js';

const THIS_FILE = fileURLToPath(import.meta.url);

/**
 * Runs a tracker that dies in the middle of a sale: the stock is lowered, the alert published, and nothing of that
 * committed; all sales before it are. Answers the sales that its handler was called with.
 */
export function crashDuring(sale: number, store: StreamStore, streams: Streams): Promise<number[]> {
  return process.env.REDIS_URL ? killProcess(sale, streams) : freeze(sale, store, streams);
}

/** On Redis: a process of its own, killed with SIGKILL. */
async function killProcess(sale: number, streams: Streams): Promise<number[]> {
  const child = fork(THIS_FILE, [String(sale), JSON.stringify(streams)]);
  const hasExited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const calls = await new Promise<number[]>((resolve, reject) => {
    child.once('message', (message) => resolve(message as number[]));
    void hasExited.then(() => reject(new Error('the process ended before it was killed')));
  });
  child.kill('SIGKILL');
  await hasExited;
  return calls;
}

/**
 * In memory a killed process would take the store with it. A handler that never settles stands for it: nothing that it
 * staged can commit, and the tracker started next takes the consumer over, as a restarted process would.
 */
async function freeze(sale: number, store: StreamStore, streams: Streams): Promise<number[]> {
  const calls: number[] = [];
  const tracker = createTracker(store, streams, (number) => {
    calls.push(number);
    return number === sale ? new Promise(() => {}) : undefined;
  });
  const isThere = new Promise<void>((resolve) => {
    tracker.on('commit', () => tracker.stats().messages === sale - 1 && resolve());
  });
  await tracker.start();
  await isThere;
  return calls;
}

// The process to be killed: it freezes in the middle of the sale, and says so.
if (process.argv[1] === THIS_FILE) {
  const [, , sale, streams] = process.argv;
  process.send!(await freeze(Number(sale), createStore(), JSON.parse(streams!) as Streams));
}
