import type { Transaction } from './transaction.js';

/** Handles one message. Return (or resolve) to commit what the transaction staged; throw (or reject) to undo it. */
export type HandlerFunction<M, S extends object> = (message: M, transaction: Transaction<S>) => unknown;

/** Any object with a `handle` method; `Persistable` classes are such objects. */
export interface HandlerObject<M, S extends object> {
  // Not a method: the compiler compares parameters of methods both ways, and would let a handler of other messages pass.
  readonly handle: (message: M, transaction: Transaction<S>) => unknown;
}

/** What a consumer calls with each message. */
export type Handler<M, S extends object> = HandlerFunction<M, S> | HandlerObject<M, S>;
