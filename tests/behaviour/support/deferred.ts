import type { ConsumerEventName, ConsumerEvents, StreamChoice, StreamConsumer } from '@ars/core';

/** A promise that somebody else settles. */
export interface Deferred<T> {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: unknown) => void;
}

/** Makes a promise to be settled later; a rejection that nobody waits for is no failure. */
export function deferred<T = void>(): Deferred<T> {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue;
    reject = onError;
  });
  promise.catch(() => {});
  return { promise, resolve, reject };
}

/** The next event of a name that fits. */
export function nextEvent<E extends ConsumerEventName>(
  consumer: StreamConsumer<object, StreamChoice>,
  name: E,
  fits: (event: ConsumerEvents[E]) => boolean = () => true,
): Promise<ConsumerEvents[E]> {
  return new Promise((resolve) => {
    const listener = (event: ConsumerEvents[E]): void => {
      if (!fits(event)) return;
      consumer.off(name, listener);
      resolve(event);
    };
    consumer.on(name, listener);
  });
}

/** The error that a promise rejects with; throws when it fulfils. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    return error;
  }
  throw new Error(`expected a rejection, got ${String(value)}`);
}
