import type { ConsumerAddress } from '@ars/core';
import type { MemoryStore } from '@ars/memory';
import { canonical, emptyFold, FoldModel, type Held, publishedBy } from './fold.js';
import { keyOf, type Setting } from './setting.js';

interface Input {
  readonly id: string;
  readonly n: number;
}

/** What the store held at one moment. */
export interface Observation {
  readonly inputs: readonly Input[];
  readonly outputs: readonly string[];
  /** IDs of the inputs that were moved to the dead letters, in their order there. */
  readonly dead: readonly string[];
  readonly position: string;
  /** By key; the one state of all messages has the key `''`. */
  readonly states: ReadonlyMap<string, Held>;
}

/** Looks at the store past every consumer, at one moment. */
export async function observe(memory: MemoryStore, { shape }: Setting): Promise<Observation> {
  const address: ConsumerAddress = {
    consumerId: 'c',
    home: 'in',
    scope: 'in',
    streams: ['in'],
    readsHere: true,
    isKeyed: shape === 'keyed',
    stateName: shape === 'stateless' ? null : undefined,
  };
  const home = await memory.openHome(address);
  const inspecting = home.inspect(); // takes effect at the call, so what follows is of the same moment
  const scanning = shape === 'keyed' ? home.scan(undefined, 1_000_000) : undefined;
  const inputs = memory.entries('in').map(({ id, message }) => ({ id, n: Number(message['n']) }));
  const outputs = memory.entries('out').map(({ message }) => String(message['text']));
  const dead = memory.entries('dead').map(({ message }) => String(message['ars:id']));
  const { record, state } = await inspecting;
  const page = await scanning;
  home.close();
  const states = new Map(Array.from(page?.states ?? [], ([key, stored]) => [key, heldIn(String(stored))]));
  if (shape === 'whole' && state !== undefined) {
    const values = Array.from(state.attributes, ([name, value]) => [name, JSON.parse(String(value)) as unknown]);
    states.set('', { state: Object.fromEntries(values) as Held['state'], expiresAt: undefined });
  }
  return { inputs, outputs, dead, position: record?.cursors[0]?.position ?? '0-0', states };
}

/**
 * The judge: state and outputs are exactly the fold of the inputs up to the position, each once and in order (G1, G2),
 * but for the dead letters, which are inputs up to the position, each once and in order. Returns what is wrong, or
 * undefined.
 */
export function judge(setting: Setting, { inputs, outputs, dead, position, states }: Observation): string | undefined {
  const done = position === '0-0' ? 0 : inputs.findIndex(({ id }) => id === position) + 1;
  if (done === 0 && position !== '0-0') return `position ${position} is no input`;
  const known = inputs.slice(0, done).map(({ id }) => id);
  const places = dead.map((id) => known.indexOf(id));
  if (places.some((place, index) => place < 0 || place <= (places[index - 1] ?? -1)))
    return `dead letters ${dead.join()} are not inputs up to ${position}, each once and in order`;
  const model = new FoldModel(setting.ttlMs);
  const published = inputs
    .slice(0, done)
    .filter(({ id }) => !dead.includes(id))
    .flatMap((input) => handled(setting, model, input));
  const wrong = published.findIndex((text, index) => outputs[index] !== text);
  if (wrong >= 0) return `output ${wrong} is ${outputs[wrong]}, not ${published[wrong]}, after ${done} inputs`;
  if (outputs.length !== published.length)
    return `${outputs.length} outputs, not ${published.length}, after ${done} inputs`;
  const difference = setting.shape === 'keyed' ? judgeKeys(model, states, timeOf(position)) : judgeWhole(model, states);
  return difference === undefined ? undefined : `${difference}, after ${done} inputs`;
}

/** Whether every input is done. */
export function isComplete({ inputs, position }: Observation): boolean {
  return position === (inputs.at(-1)?.id ?? '0-0');
}

function handled(setting: Setting, model: FoldModel, { id, n }: Input): string[] {
  if (setting.shape === 'stateless') return publishedBy(n);
  return model.handle(setting.shape === 'keyed' ? keyOf(setting, n) : '', n, timeOf(id));
}

function judgeWhole(model: FoldModel, states: Observation['states']): string | undefined {
  const [is, should] = [states, model.held].map((one) => canonical(one.get('')?.state ?? emptyFold()));
  return is === should ? undefined : `state ${is}, not ${should}`;
}

/** What has expired may have been deleted; what has not may not. */
function judgeKeys({ held }: FoldModel, states: Observation['states'], nowMs: number): string | undefined {
  for (const [key, { state, expiresAt }] of held) {
    const stored = states.get(key);
    const isOver = expiresAt !== undefined && expiresAt <= nowMs;
    if (stored === undefined && !isOver) return `no state of ${key}, which lives until ${expiresAt}`;
    if (stored === undefined) continue;
    const [is, should] = [canonical(stored.state), canonical(state)];
    if (is !== should) return `state of ${key} ${is}, not ${should}`;
    if (stored.expiresAt !== expiresAt) return `${key} expires at ${stored.expiresAt}, not ${expiresAt}`;
  }
  for (const key of states.keys()) if (!held.has(key)) return `a state of ${key}, which has none`;
  return undefined;
}

/** Takes a stored state of a key apart: version, expiry, serializer, payload. */
function heldIn(stored: string): Held {
  const [, expiresAt] = stored.split(',', 3);
  const payload = stored.slice(stored.indexOf('{'));
  return {
    state: JSON.parse(payload) as Held['state'],
    expiresAt: expiresAt === '' ? undefined : Number(expiresAt),
  };
}

function timeOf(id: string): number {
  return Number(id.split('-')[0]);
}
