/** The kinds of objects that state consists of. Subclasses of them, and objects of another realm, are not of these kinds. */
export type Kind = 'plain object' | 'array' | 'Map' | 'Set' | 'Date';

/** The kind that an object's prototype promises. */
function kindOfPrototype(prototype: unknown): Kind | undefined {
  switch (prototype) {
    case null:
    case Object.prototype:
      return 'plain object';
    case Array.prototype:
      return 'array';
    case Map.prototype:
      return 'Map';
    case Set.prototype:
      return 'Set';
    case Date.prototype:
      return 'Date';
    default:
      return undefined;
  }
}

/** Throws for an object that only borrows the prototype of Map, Set or Date. */
function demandBrand(kind: Kind, value: object): void {
  if (kind === 'Map') Reflect.get(Map.prototype, 'size', value);
  else if (kind === 'Set') Reflect.get(Set.prototype, 'size', value);
  else if (kind === 'Date') Date.prototype.getTime.call(value);
}

function hasBrand(kind: Kind, value: object): boolean {
  if (kind === 'array' || kind === 'plain object') return Array.isArray(value) === (kind === 'array');
  try {
    demandBrand(kind, value);
    return true;
  } catch {
    return false;
  }
}

/** The kind of an object; `undefined` for what state cannot hold: class instances, RegExp, Error … */
export function kindOf(value: object): Kind | undefined {
  const kind = kindOfPrototype(Object.getPrototypeOf(value));
  return kind !== undefined && hasBrand(kind, value) ? kind : undefined;
}

/** The name of the class that an object is an instance of. */
function className(value: object): string {
  const prototype: unknown = Object.getPrototypeOf(value);
  const found: unknown =
    typeof prototype === 'object' && prototype !== null
      ? Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
      : undefined;
  return typeof found === 'function' && found.name !== '' ? found.name.slice(0, 100) : 'an unnamed class';
}

/** Says what a value is that state cannot hold, with its article and without its content: `a symbol`, `a RegExp`. */
export function describeKind(value: unknown): string {
  const name = typeof value === 'object' && value !== null ? className(value) : typeof value;
  if (name.startsWith('an ')) return `an instance of ${name}`;
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}
