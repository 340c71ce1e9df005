const SEGMENT_MAX = 100;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

/** The key of a Map's value, to tell it from a property name in a path. */
export class MapKey {
  readonly key: unknown;

  constructor(key: unknown) {
    this.key = key;
  }
}

/** How a container holds a value: by property name, array index or Map key. */
export type PathKey = string | number | MapKey;

function quoted(key: unknown): string {
  const text = typeof key === 'string' ? JSON.stringify(key) : typeof key === 'bigint' ? `${key}n` : String(key);
  return text.length > SEGMENT_MAX ? `${text.slice(0, SEGMENT_MAX)}…` : text;
}

/** Extends a path by one key: `a` and `b` give `a.b`, an index `a[0]`, a name that is no identifier `a["b c"]`, a Map key `a.get("b")`. */
function joinPath(path: string, key: PathKey): string {
  if (typeof key === 'number') return `${path}[${key}]`;
  if (key instanceof MapKey) return `${path}.get(${quoted(key.key)})`;
  if (!IDENTIFIER.test(key) || key.length > SEGMENT_MAX) return path === '' ? quoted(key) : `${path}[${quoted(key)}]`;
  return path === '' ? key : `${path}.${key}`;
}

/** A container on the way down a value: gives paths to errors, and finds cycles. */
export class Place {
  readonly source: object;
  readonly parent: Place | undefined;
  readonly key: PathKey | undefined;
  /** How many containers lead to what this one holds; 1 for the outermost. */
  readonly depth: number;

  /** The outermost container has neither parent nor key. */
  constructor(source: object, parent: Place | undefined, key: PathKey | undefined) {
    this.source = source;
    this.parent = parent;
    this.key = key;
    this.depth = parent === undefined ? 1 : parent.depth + 1;
  }

  /** Such as `items[3].price`; empty for the outermost value. */
  path(): string {
    return pathOf(this.parent, this.key);
  }
}

/** The path of what a container holds under a key; without a container, that of the outermost value. */
export function pathOf(parent: Place | undefined, key: PathKey | undefined): string {
  const path = parent?.path() ?? '';
  return key === undefined ? path : joinPath(path, key);
}

/** Tells whether an object is one of the containers that lead to a place. */
export function isAncestor(value: object, place: Place | undefined): boolean {
  for (let at = place; at !== undefined; at = at.parent) {
    if (at.source === value) return true;
  }
  return false;
}
