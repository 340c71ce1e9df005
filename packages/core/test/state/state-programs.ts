import fc from 'fast-check';

/** Random numbers for one operation, and a value it may use. */
export interface Operation {
  readonly action: number;
  readonly where: number;
  readonly from: number;
  readonly a: number;
  readonly b: number;
  readonly key: string;
  readonly value: unknown;
}

/** How an operation hands a value to the state: as it is for tracked state, as a copy for the plain model. */
export type Give = <T>(value: T) => T;

type Properties = Record<string, unknown>;
type Container = object;

const KEYS = [
  'a',
  'b',
  'c',
  'd',
  '0',
  '1',
  '7',
  '10',
  '4294967294',
  '4294967295',
  '__proto__',
  'constructor',
  'toString',
  '',
];

const primitive = fc.oneof(
  fc.integer({ min: -3, max: 99 }),
  fc.constantFrom<unknown>(null, true, NaN, -0, 5n, 'text', '', Infinity),
);

const value = fc.letrec<{ any: unknown }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    primitive,
    fc.array(fc.tuple(fc.constantFrom(...KEYS), tie('any')), { maxLength: 4 }).map(objectOf),
    fc.array(tie('any'), { maxLength: 4 }),
    fc.array(fc.tuple(primitive, tie('any')), { maxLength: 4 }).map((entries) => new Map(entries)),
    fc.array(primitive, { maxLength: 4 }).map((members) => new Set(members)),
    fc.integer({ min: 0, max: 2 ** 40 }).map((time) => new Date(time)),
  ),
})).any;

function objectOf(entries: [string, unknown][]): Properties {
  const object: Properties = {};
  for (const [key, held] of entries) setOwn(object, key, held);
  return object;
}

function setOwn(object: Properties, key: string, held: unknown): void {
  Object.defineProperty(object, key, { value: held, writable: true, enumerable: true, configurable: true });
}

/** One random operation. */
export const operation: fc.Arbitrary<Operation> = fc.record({
  action: fc.nat(1_000),
  where: fc.nat(1_000),
  from: fc.nat(1_000),
  a: fc.nat(12),
  b: fc.nat(12),
  key: fc.constantFrom(...KEYS),
  value,
});

const isContainer = (held: unknown): held is Container => typeof held === 'object' && held !== null;

/** What a container holds, in its order. */
export function childrenOf(node: Container): unknown[] {
  if (Array.isArray(node)) return [...(node as unknown[])];
  if (node instanceof Map) return [...(node as Map<unknown, unknown>).values()];
  if (node instanceof Set || node instanceof Date) return [];
  return Object.keys(node).map((key) => Object.getOwnPropertyDescriptor(node, key)!.value as unknown);
}

/** All containers below the attributes' container, in an order that only the content decides. */
export function containersOf(root: Container): Container[] {
  const found: Container[] = [];
  const visit = (node: Container) => {
    for (const child of childrenOf(node)) {
      if (!isContainer(child)) continue;
      found.push(child);
      visit(child);
    }
  };
  visit(root);
  return found;
}

type Act<T> = (node: T, give: Give, op: Operation) => void;

const onObject: readonly Act<Properties>[] = [
  (node, give, op) => setOwn(node, op.key, give(op.value)),
  (node, _, op) => void delete node[op.key],
  (node, _, op) => void delete node[Object.keys(node)[op.a] ?? ''],
  (node, give, op) => void Object.assign(node, give({ b: op.value, z: 1, a: op.a })),
  (node, _, op) => void Reflect.set(node, Object.keys(node)[op.a] ?? 'n', op.b),
  (node, _, op) => {
    for (const key of Object.keys(node)) if (key.length % 2 === op.a % 2) delete node[key];
  },
];

const onArray: readonly Act<unknown[]>[] = [
  (node, give, op) => void node.push(give(op.value), op.a),
  (node) => void node.pop(),
  (node) => void node.shift(),
  (node, give, op) => void node.unshift(op.a, give(op.value)),
  (node, give, op) => void node.splice(op.a - 4, op.b - 2, give(op.value), op.a),
  (node, _, op) => void node.splice(op.a - 4),
  (node) => void Reflect.apply(node.sort, node, []),
  (node) => void node.sort((x, y) => Number(isContainer(x)) - Number(isContainer(y))),
  (node) => void node.reverse(),
  (node, give, op) => {
    node.fill(undefined, op.a - 3, op.b - 3);
    node.forEach((held, index) => {
      if (held === undefined) node[index] = give(op.value);
    });
  },
  (node, give, op) => {
    const moved = node.map((held) => give(held)).copyWithin(op.a - 2, op.b - 2);
    node.copyWithin(op.a - 2, op.b - 2);
    moved.forEach((held, index) => {
      node[index] = give(held);
    });
  },
  (node, give, op) => {
    if (op.a <= node.length) node[op.a] = give(op.value);
  },
  (node, _, op) => {
    node.length = Math.min(node.length, op.a);
  },
  (node, give) => {
    if (node.length > 1) [node[0], node[1]] = [give(node[1]), give(node[0])];
  },
  (node, _, op) => void Array.prototype.splice.call(node, op.a % 3, 1),
  (node) => void Array.prototype.shift.call(node),
];

const onMap: readonly Act<Map<unknown, unknown>>[] = [
  (node, give, op) => void node.set(op.key, give(op.value)),
  (node, _, op) => void node.set(op.a, op.b),
  (node, _, op) => void node.delete([...node.keys()][op.a]),
  (node, _, op) => {
    if (op.a === 0) node.clear();
  },
  (node, give, op) => {
    let steps = 0;
    for (const [key] of node) {
      if (steps++ > 6) break;
      node.delete(key);
      if (steps % 2 === 0) node.set(`${String(key)}'`, give(op.value));
    }
  },
];

const onSet: readonly Act<Set<unknown>>[] = [
  (node, _, op) => void node.add(op.key),
  (node, _, op) => void node.add(op.a),
  (node, _, op) => void node.delete([...node][op.a]),
  (node, _, op) => {
    if (op.a === 0) node.clear();
  },
  (node, _, op) =>
    node.forEach((member) => {
      if (op.b % 2 === 0) node.delete(member);
    }),
];

const onDate: readonly Act<Date>[] = [
  (node, _, op) => void node.setTime(op.where),
  (node, _, op) => void node.setUTCFullYear(2000 + op.a, op.b, 1),
  (node, _, op) => void node.setHours(op.a, op.b),
];

function act<T>(acts: readonly Act<T>[], node: T, give: Give, op: Operation): void {
  acts[op.action % acts.length]!(node, give, op);
}

function onContainer(node: Container, give: Give, op: Operation): void {
  if (Array.isArray(node)) act(onArray, node as unknown[], give, op);
  else if (node instanceof Map) act(onMap, node as Map<unknown, unknown>, give, op);
  else if (node instanceof Set) act(onSet, node as Set<unknown>, give, op);
  else if (node instanceof Date) act(onDate, node, give, op);
  else act(onObject, node as Properties, give, op);
}

/** Puts one part of the state into another place, or into an undeclared attribute. */
function move(root: Properties, containers: Container[], give: Give, op: Operation): void {
  const moved = containers[op.from % containers.length]!;
  const to = containers[op.where % containers.length]!;
  if (containers.length > 60) return;
  if (op.a < 2) root[`extra-${op.b % 3}`] = give(moved);
  else if (Array.isArray(to)) to.push(give(moved), give(moved));
  else if (to instanceof Map) to.set(op.key, give(moved));
  else if (!(to instanceof Set) && !(to instanceof Date)) setOwn(to as Properties, op.key, give(moved));
}

function onAttributes(root: Properties, give: Give, op: Operation): void {
  const acts: (() => void)[] = [
    () => {
      root['count'] = (root['count'] as number) + op.a;
    },
    () => {
      root['list'] = give([op.value]);
    },
    () => {
      root['tree'] = give({ b: op.value, a: 1 });
    },
    () => {
      root[`extra-${op.a % 3}`] = give(op.value);
    },
    () => {
      delete root[`extra-${op.a % 3}`];
    },
    () => {
      delete root['extra-0'];
      root['extra-0'] = op.b;
    },
  ];
  acts[op.a % acts.length]!();
}

/** Does one operation to the attributes; the same for tracked and for plain state. */
export function perform(root: Properties, give: Give, op: Operation): void {
  const containers = containersOf(root);
  const kind = op.action % 10;
  if (kind === 0) onAttributes(root, give, op);
  else if (kind === 1) move(root, containers, give, op);
  else onContainer(containers[op.where % containers.length]!, give, { ...op, action: Math.floor(op.action / 10) });
}
