import { DETACHED, type PathKey } from './path.js';
import { trackedBehind } from './proxy-identity.js';
import { TrackedHandler } from './tracked-handler.js';

type DateMethod = (this: Date, ...args: unknown[]) => unknown;

/** Makes a Date of the state look and behave as one, and records when it is set. */
export class DateHandler extends TrackedHandler<Date> {
  keyOf(): PathKey {
    return DETACHED;
  }

  override get(target: Date, key: PropertyKey): unknown {
    this.demandOpen();
    if (key === Symbol.toStringTag) return 'Date';
    return METHODS.get(key) ?? this.inherited(target, key);
  }
}

function handlerOf(proxy: unknown): DateHandler {
  const tracked = trackedBehind(proxy);
  if (tracked instanceof DateHandler) return tracked;
  throw new TypeError('this method was taken from a Date of the state and works on those only');
}

function reader(method: DateMethod): DateMethod {
  return function (...args) {
    return method.apply(handlerOf(this).target, args);
  };
}

function setter(method: DateMethod): DateMethod {
  return function (...args) {
    const { scope, attribute, target } = handlerOf(this);
    const numbers = args.map(Number);
    return scope.log.setDate(attribute, target, (date) => method.apply(date, numbers) as number);
  };
}

/**
 * As for every Date, except that the default gives ISO text: `new Date(date)` of a proxy parses that text, and the
 * usual one has no milliseconds.
 */
function toPrimitive(this: unknown, hint: string): string | number {
  const { target } = handlerOf(this);
  if (hint === 'number') return target.getTime();
  const hasIso = hint === 'default' && !Number.isNaN(target.getTime());
  return hasIso ? target.toISOString() : target.toString();
}

function tracked(name: string): [PropertyKey, unknown][] {
  const method = Reflect.get(Date.prototype, name) as DateMethod;
  if (name === 'constructor') return [];
  return [[name, name.startsWith('set') ? setter(method) : reader(method)]];
}

/** What a proxy of a Date has instead of the language's methods, which work on real Dates only. */
const METHODS: ReadonlyMap<PropertyKey, unknown> = new Map<PropertyKey, unknown>([
  ...Object.getOwnPropertyNames(Date.prototype).flatMap(tracked),
  [Symbol.toPrimitive, toPrimitive],
]);
