import { ArrayWriter } from './array-writer.js';
import { cloneState } from './copy-value.js';
import { trackedBehind } from './proxy-identity.js';

function writerOf(proxy: unknown): ArrayWriter {
  const tracked = trackedBehind(proxy);
  if (tracked instanceof ArrayWriter) return tracked;
  throw new TypeError('this method was taken from an array of the state and works on those only');
}

function integerOf(value: unknown): number {
  return Math.trunc(Number(value)) || 0;
}

/** Resolves a relative index as the language does: negative ones count from the end, all are within the array. */
function indexIn(length: number, relative: number): number {
  return relative < 0 ? Math.max(length + relative, 0) : Math.min(relative, length);
}

function spliceElements(array: ArrayWriter, from: number, requested: number, items: readonly unknown[]): unknown[] {
  const raw = array.accept(indexIn(array.target.length, from), items);
  const { length } = array.target;
  const start = indexIn(length, from);
  const removed = array.replace(start, Math.min(Math.max(requested, 0), length - start), raw);
  return removed.map((value) => array.reveal(value));
}

function sortElements(array: ArrayWriter, compare: ((a: unknown, b: unknown) => number) | undefined): void {
  const { mark } = array.scope.log;
  const revealed = array.target.map((value) => array.reveal(value));
  const sorted = revealed.sort(compare).map((value) => trackedBehind(value)?.target ?? value);
  // A comparator that wrote may have moved elements, which must not come to be in two places.
  const isUntouched = array.scope.log.mark === mark;
  const raw = isUntouched ? sorted : sorted.map((value) => cloneState(value, array, array.depth + 1));
  array.replace(0, Math.min(raw.length, array.target.length), raw);
}

function copyElementsWithin(array: ArrayWriter, to: number, from: number, until: number | undefined): void {
  const { target } = array;
  const sources = Array.from(target, (_, index) => index).copyWithin(to, from, until);
  const raw = sources.map((source, index) =>
    source === index ? target[index] : cloneState(target[source], array, array.depth + 1),
  );
  array.replace(0, target.length, raw);
}

function fillElements(array: ArrayWriter, value: unknown, from: number, until: number): void {
  const bounds = () => {
    const { length } = array.target;
    const start = indexIn(length, from);
    return { start, count: Math.max(indexIn(length, until) - start, 0) };
  };
  const expected = bounds();
  const raw = array.accept(
    expected.start,
    Array.from({ length: expected.count }, () => value),
  );
  const { start, count } = bounds();
  array.replace(start, Math.min(count, raw.length), raw.slice(0, count));
}

const methods = {
  push(this: unknown, ...items: unknown[]): number {
    const array = writerOf(this);
    const raw = array.accept(array.target.length, items);
    array.replace(array.target.length, 0, raw);
    return array.target.length;
  },
  pop(this: unknown): unknown {
    const array = writerOf(this);
    return array.target.length === 0 ? undefined : array.reveal(array.replace(array.target.length - 1, 1, [])[0]);
  },
  shift(this: unknown): unknown {
    const array = writerOf(this);
    return array.target.length === 0 ? undefined : array.reveal(array.replace(0, 1, [])[0]);
  },
  unshift(this: unknown, ...items: unknown[]): number {
    const array = writerOf(this);
    array.replace(0, 0, array.accept(0, items));
    return array.target.length;
  },
  splice(this: unknown, ...args: [start?: unknown, deleteCount?: unknown, ...items: unknown[]]): unknown[] {
    const array = writerOf(this);
    const [start, deleteCount, ...items] = args;
    const from = integerOf(start);
    if (args.length === 0) return [];
    return spliceElements(array, from, args.length === 1 ? Infinity : integerOf(deleteCount), items);
  },
  sort(this: unknown, compare?: (a: unknown, b: unknown) => number): unknown {
    if (compare !== undefined && typeof compare !== 'function')
      throw new TypeError('the comparator must be a function');
    sortElements(writerOf(this), compare);
    return this;
  },
  reverse(this: unknown): unknown {
    const array = writerOf(this);
    array.replace(0, array.target.length, array.target.slice().reverse());
    return this;
  },
  fill(this: unknown, value: unknown, start?: unknown, end?: unknown): unknown {
    fillElements(writerOf(this), value, integerOf(start), end === undefined ? Infinity : integerOf(end));
    return this;
  },
  copyWithin(this: unknown, target: unknown, start: unknown, end?: unknown): unknown {
    const array = writerOf(this);
    copyElementsWithin(array, integerOf(target), integerOf(start), end === undefined ? undefined : integerOf(end));
    return this;
  },
};

/**
 * The methods that write to arrays of the state, by name, each recording one range. They take what they work on from
 * `this`, so that one function serves all arrays. Elements that `fill` and `copyWithin` would share are copied.
 */
export const ARRAY_METHODS: ReadonlyMap<PropertyKey, (this: unknown, ...args: never[]) => unknown> = new Map(
  Object.entries(methods),
);
