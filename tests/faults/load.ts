import type { Redis } from 'ioredis';
import { onTestFinished } from 'vitest';
import { waitFor } from '../support/wait.js';
import type { Place } from './checker.js';
import { writeMessages, type RunningFold } from './harness.js';

/** Messages that are being written. */
export interface Load {
  /** Stops, and waits for what is on its way. */
  stop(): Promise<void>;
  /** Stops without waiting, since the server will never answer. */
  abandon(): void;
}

/** Writes without a pause, also while the server is away or comes back; what is in the stream counts, not what was sent. */
export function startLoad(client: Redis, place: Place, from = 1): Load {
  let isStopping = false;
  onTestFinished(() => void (isStopping = true)); // a client that has ended fails at once, for ever
  const work = (async () => {
    for (let n = from; !isStopping; n += 50) await writeMessages(client, place, 50, n).catch(() => {});
  })();
  return {
    abandon: () => void (isStopping = true),
    stop: async () => {
      isStopping = true;
      await work;
    },
  };
}

/** Waits until the consumer has committed so many more. */
export async function untilMore(fold: RunningFold, messages: number): Promise<void> {
  const before = fold.consumer.stats().messages;
  await waitFor(
    () => fold.consumer.stats().messages >= before + messages,
    `${messages} more messages to be committed`,
    20_000,
  );
}

/** Waits until the consumer has logged something that matches. */
export async function untilLogged(fold: RunningFold, text: RegExp): Promise<void> {
  await waitFor(() => fold.log.some((line) => text.test(line)), `the consumer to meet ${text}`);
}
