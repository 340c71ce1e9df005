import type { MemoryStore } from '@ars/memory';

/** What the simulated consumer keeps: scalars, a list, and objects within objects. */
export interface FoldState {
  count: number;
  hash: number;
  recent: string[];
  groups: Record<string, { members: string[]; last: number }>;
}

export const emptyFold = (): FoldState => ({ count: 0, hash: 7, recent: [], groups: {} });

/** Changes the state by one message and returns what is published for it. */
export function fold(state: FoldState, n: number): string[] {
  state.count += 1;
  state.hash = (state.hash * 31 + n) % 1_000_003;
  state.recent.push(String(n));
  if (state.recent.length > 4) state.recent.shift();
  const name = `g${n % 5}`;
  state.groups[name] ??= { members: [], last: 0 };
  const group = state.groups[name];
  group.members.push(String(n));
  group.last = state.hash;
  if (group.members.length > 3) delete state.groups[name];
  return Array.from({ length: n % 3 }, (_, index) => `${n}:${index}:${state.count}:${state.hash}`);
}

/** What the store held at one moment. */
export interface Observation {
  readonly inputs: readonly { readonly id: string; readonly n: number }[];
  readonly outputs: readonly string[];
  readonly position: string;
  /** `undefined` while no state was ever stored. */
  readonly state: unknown;
}

/** Looks at the store past every consumer, at one moment. */
export async function observe(memory: MemoryStore): Promise<Observation> {
  const address = { consumerId: 'c', home: 'in', scope: 'in', streams: ['in'], readsHere: true, stateName: undefined,
    isKeyed: false };
  const opening = memory.openHome(address);
  const home = await opening;
  const inspecting = home.inspect(); // takes effect at the call, so what follows is of the same moment
  const inputs = memory.entries('in').map(({ id, message }) => ({ id, n: Number(message['n']) }));
  const outputs = memory.entries('out').map(({ message }) => String(message['text']));
  const { record, state } = await inspecting;
  home.close();
  const values = Array.from(state?.attributes ?? [], ([name, value]) => [name, JSON.parse(String(value)) as unknown]);
  return {
    inputs,
    outputs,
    position: record?.cursors[0]?.position ?? '0-0',
    state: state === undefined ? undefined : Object.fromEntries(values),
  };
}

/**
 * The judge: state and outputs are exactly the fold of the inputs up to the position, each once and in order (G1, G2).
 * Returns what is wrong, or undefined.
 */
export function judge({ inputs, outputs, position, state }: Observation): string | undefined {
  const done = position === '0-0' ? 0 : inputs.findIndex(({ id }) => id === position) + 1;
  if (done === 0 && position !== '0-0') return `position ${position} is no input`;
  const expected = emptyFold();
  const published = inputs.slice(0, done).flatMap(({ n }) => fold(expected, n));
  const wrong = published.findIndex((text, index) => outputs[index] !== text);
  if (wrong >= 0) return `output ${wrong} is ${outputs[wrong]}, not ${published[wrong]}, after ${done} inputs`;
  if (outputs.length !== published.length)
    return `${outputs.length} outputs, not ${published.length}, after ${done} inputs`;
  const [is, should] = [canonical(state ?? emptyFold()), canonical(expected)];
  return is === should ? undefined : `state ${is}, not ${should}, after ${done} inputs`;
}

/** Whether every input is done. */
export function isComplete({ inputs, position }: Observation): boolean {
  return position === (inputs.at(-1)?.id ?? '0-0');
}

function canonical(value: unknown): string {
  const { count, hash, recent, groups } = value as FoldState;
  return JSON.stringify({ count, hash, recent, groups });
}
