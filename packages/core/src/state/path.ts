/** How deep a value may be nested; deeper is refused, long before the stack would overflow. */
export const DEPTH_MAX = 1_000;

const SEGMENT_MAX = 100;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** Something with a place in the state that an error can name. */
export interface Located {
  /** Such as `stock.items[3].price`; empty for the outermost value. */
  path(): string;
}

/** The key of a Map's value, to tell it from a property name in a path. */
export class MapKey {
  readonly key: unknown;

  constructor(key: unknown) {
    this.key = key;
  }
}

/** How a container holds a value: by property name, array index or Map key. */
export type PathKey = string | number | symbol | MapKey;

/** Where a value is that gives no better name, when it is not in its container any more. */
export const DETACHED: unique symbol = Symbol('removed');

function quoted(key: unknown): string {
  const text = typeof key === 'string' ? JSON.stringify(key) : typeof key === 'bigint' ? `${key}n` : String(key);
  return text.length > SEGMENT_MAX ? `${text.slice(0, SEGMENT_MAX)}…` : text;
}

/** Extends a path by one key: `a` and `b` give `a.b`, an index `a[0]`, a name that is no identifier `a["b c"]`, a Map key `a.get("b")`. */
export function joinPath(path: string, key: PathKey): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (key instanceof MapKey) return `${path}.get(${quoted(key.key)})`;
  if (key === DETACHED) return `${path}[removed]`;
  if (typeof key === 'symbol') return `${path}[a symbol]`;
  if (!IDENTIFIER.test(key) || key.length > SEGMENT_MAX) return path === '' ? quoted(key) : `${path}[${quoted(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** The outermost place, whose path is empty. */
export const OUTERMOST: Located = { path: () => '' };

/** A container on the way down a value: gives paths to errors, and finds cycles. */
export class Step implements Located {
  readonly parent: Located;
  readonly key: PathKey | undefined;
  readonly source: object;

  /** Without a key, the step has its parent's path. */
  constructor(parent: Located, key: PathKey | undefined, source: object) {
    this.parent = parent;
    this.key = key;
    this.source = source;
  }

  path(): string {
    return this.key === undefined ? this.parent.path() : joinPath(this.parent.path(), this.key);
  }
}

/** Tells whether an object is one of the containers that lead to a place. */
export function isAncestor(value: object, place: Located): boolean {
  for (let step = place; step instanceof Step; step = step.parent) {
    if (step.source === value) return true;
  }
  return false;
}
