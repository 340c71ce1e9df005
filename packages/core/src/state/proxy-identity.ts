/** What stands behind a proxy of the state. */
export interface Tracked {
  readonly proxy: object;
  /** The raw object; never handed to a handler. */
  readonly target: object;
}

/**
 * Asked of a proxy as a property, it makes the proxy's handler call `answerWith`. Whoever gets hold of this symbol (a
 * proxy around ours sees it) learns nothing with it: the answer goes to this module only, and the property is undefined.
 * A WeakMap of all proxies would do the same at several times the cost of creating a proxy.
 */
export const WHO: unique symbol = Symbol('who');

let answer: Tracked | undefined;

/** Called by a proxy's handler when it is asked who it is. */
export function answerWith(tracked: Tracked): void {
  answer = tracked;
}

/**
 * What is behind a value that is a proxy of the state, else `undefined`.
 * Throws `TransactionClosedError` for a proxy whose message is over.
 */
export function trackedBehind(value: unknown): Tracked | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  answer = undefined;
  Reflect.get(value, WHO);
  const found = answer as Tracked | undefined;
  answer = undefined;
  return found?.proxy === value ? found : undefined;
}
