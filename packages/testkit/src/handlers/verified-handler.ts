import { type EntryId, Persistable, type Transaction } from '@ars/core';

/** What becomes of a handler that has done its work. */
export type Interruption = 'none' | 'fail';

/** What is told of every call of a handler under verification, and asked. */
export interface HandlerWatch {
  /** Before the handler is called. */
  before(): void;
  /** After it has succeeded. */
  after(id: EntryId): Interruption;
  /** One more handler runs (1), or one less (-1). */
  running(change: number): void;
}

type Handle = (message: unknown, transaction: Transaction) => unknown;

/** The error of a handler that was made to fail after it had done its work. */
export class PlantedFailure extends Error {
  override readonly name = 'PlantedFailure';
}

/**
 * A handler that does what the given one does, and is watched. A `Persistable` keeps its class and its attributes, so
 * its own `handle` is replaced, on this instance only.
 */
export function verifiedHandler(handler: object, watch: HandlerWatch): object {
  const original = handler as { handle: Handle };
  const call: Handle =
    typeof handler === 'function'
      ? (handler as Handle)
      : (message, transaction) => Reflect.apply(handle, original, [message, transaction]);
  const { handle } = original;
  const watched: Handle = (message, transaction) => watchedCall(call, watch, message, transaction);
  if (!(handler instanceof Persistable)) return { handle: watched };
  Object.defineProperty(handler, 'handle', { value: watched });
  return handler;
}

function watchedCall(call: Handle, watch: HandlerWatch, message: unknown, transaction: Transaction): unknown {
  const { id } = transaction.entry;
  watch.before();
  const finish = (): void => {
    if (watch.after(id) === 'fail')
      throw new PlantedFailure('The kit made this handler fail after it had done its work.');
  };
  const result = call(message, transaction);
  if (!isThenable(result)) return finish();
  watch.running(1);
  return Promise.resolve(result)
    .then(finish)
    .finally(() => watch.running(-1));
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
