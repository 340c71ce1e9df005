import { type Handler, Persistable } from '@ars/core';

/** A handler to verify: as a consumer takes it, or the class of one, of which each process then makes its own. */
export type HandlerToVerify<M, S extends object> = Handler<M, S> | (new () => Handler<M, S>);

/**
 * How each process gets its handler. A class is instantiated for each, and so is the class of a `Persistable`, which
 * serves one consumer only; functions and other objects are shared, with whatever they remember.
 */
export function handlerSource<M, S extends object>(handler: HandlerToVerify<M, S>): () => Handler<M, S> {
  if (isClass(handler)) return () => new handler();
  if (handler instanceof Persistable) {
    const Same = handler.constructor as new () => Handler<M, S>;
    return () => new Same();
  }
  return () => handler;
}

function isClass<M, S extends object>(handler: HandlerToVerify<M, S>): handler is new () => Handler<M, S> {
  return typeof handler === 'function' && /^class\b/.test(Function.prototype.toString.call(handler));
}
