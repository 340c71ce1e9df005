/** The kinds of objects that state consists of. Subclasses of them are not of these kinds. */
export type Kind = 'plain object' | 'array' | 'Map' | 'Set' | 'Date';

/**
 * The prototype of containers of attributes: it has nothing and inherits nothing. With no prototype at all they would be
 * hash tables to the engine, which take five times as long to make, and several times the memory.
 */
export const NO_PROPERTIES: object = Object.freeze(Object.create(null)) as object;

const KIND_OF_CONSTRUCTOR: ReadonlyMap<string, Kind> = new Map([
  ['Object', 'plain object'],
  ['Array', 'array'],
  ['Map', 'Map'],
  ['Set', 'Set'],
  ['Date', 'Date'],
]);

/** Throws for an object that only borrows the prototype of Map, Set or Date. */
function demandBrand(kind: Kind, value: object): void {
  if (kind === 'Map') Map.prototype.has.call(value, undefined);
  else if (kind === 'Set') Set.prototype.has.call(value, undefined);
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

function constructorOf(prototype: object | null): Function | undefined {
  const found = prototype === null ? undefined : Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value;
  return typeof found === 'function' ? found : undefined;
}

/** The kind by a prototype of another realm (a `vm` context, as test runners use them): that of a native constructor. */
function kindOfForeign(prototype: object): Kind | undefined {
  const found = constructorOf(prototype);
  if (found === undefined || found.prototype !== prototype) return undefined;
  const isNative = Function.prototype.toString.call(found) === `function ${found.name}() { [native code] }`;
  return isNative ? KIND_OF_CONSTRUCTOR.get(found.name) : undefined;
}

function kindOfPrototype(prototype: object | null): Kind | undefined {
  switch (prototype) {
    case null:
    case NO_PROPERTIES:
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
      return kindOfForeign(prototype);
  }
}

/** The kind of an object, `undefined` for everything that state cannot hold: class instances, RegExp, typed arrays … */
export function kindOf(value: object): Kind | undefined {
  const kind = kindOfPrototype(Object.getPrototypeOf(value) as object | null);
  return kind !== undefined && hasBrand(kind, value) ? kind : undefined;
}

/** Names what a value is without telling the value: `null`, `number`, `Map`, `plain object`, or a constructor's name. */
export function kindName(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return kindOf(value) ?? className(value);
}

/** The name of the class that an object is an instance of. */
export function className(value: object): string {
  for (let at = Object.getPrototypeOf(value); at !== null; at = Object.getPrototypeOf(at)) {
    const name: unknown = constructorOf(at)?.name;
    if (typeof name === 'string' && name !== '') return name.slice(0, 100);
  }
  return 'an unnamed class';
}

/**
 * Why a value cannot take the place of an attribute's default, naming both kinds; `undefined` when it can. A default
 * object takes only null, undefined and objects of its kind; a default that is a primitive takes every primitive; null takes all.
 */
export function kindProblem(defaultValue: unknown, value: unknown): string | undefined {
  if (defaultValue === null || defaultValue === undefined || value === null || value === undefined) return undefined;
  if (typeof defaultValue !== 'object' && typeof value !== 'object') return undefined;
  const declared = kindName(defaultValue);
  const found = kindName(value);
  return declared === found ? undefined : `is declared as ${article(declared)}, but the value is ${article(found)}`;
}

/** Puts the indefinite article before a kind's name. */
export function article(name: string): string {
  if (name === 'null' || name.startsWith('an ')) return name;
  return `${/^[aeiou]/i.test(name) ? 'an' : 'a'} ${name}`;
}
