import type { Redis } from 'ioredis';
import { expect } from 'vitest';

/** Where a fold runs: what it reads, who it is, and where every tenth message publishes to. */
export interface Place {
  readonly stream: string;
  readonly consumerId: string;
  readonly target: string;
}

interface Entry {
  readonly id: string;
  readonly fields: Record<string, string>;
}

interface Total {
  count: number;
  recent: string[];
}

/** What the handler must have made of some entries. */
export interface Expected {
  readonly state: { count: number; sum: number; hash: number; totals: Record<string, Total> };
  /** Fields of every entry of every target, in order. */
  readonly outputs: Map<string, Record<string, string>[]>;
}

/** What to leave out of a check. */
export interface CheckOptions {
  /** Whether the consumer may not have come to the end; then the fold is over what it has committed. Default false. */
  readonly isPartial?: boolean;
  /** Targets that the test itself has broken or replaced. */
  readonly except?: readonly string[];
}

/** What was found, for further questions. */
export interface Verdict {
  /** Messages committed. */
  readonly messages: number;
  /** The `by` of each output in order, empty where there is none. */
  readonly authors: readonly string[];
  /** Outputs that exist more than once, in all targets. */
  readonly duplicates: number;
  /** Outputs that should exist and do not. */
  readonly losses: number;
}

/**
 * Reads the server with a plain client and computes by itself what must be there: state, position, counters and outputs
 * are exactly those of the fold over the entries up to the position, each once and in order (G1, G2), and no target
 * tells of entries that were written and taken back (G6).
 */
export async function expectExact(client: Redis, place: Place, options: CheckOptions = {}): Promise<Verdict> {
  const entries = await readAll(client, place.stream);
  const record = await client.hgetall(recordKey(place));
  const position = record[`position:${place.stream}`];
  const done = entries.findIndex(({ id }) => id === position) + 1;
  if (!options.isPartial) expect(position, 'position').toBe(entries.at(-1)?.id);
  else if (position !== '0-0') expect(done, `position ${position} is an entry`).toBeGreaterThan(0);
  expect(record[`read:${place.stream}`], 'read counter').toBe(String(done));
  expect(await client.hget(registryKey(place), recordKey(place)), 'registered position').toBe(position);

  const expected = foldOf(entries.slice(0, done), place.target);
  await expectState(client, place, record, expected);
  const authors: string[] = [];
  const wrong = { duplicates: 0, losses: 0 };
  for (const [target, outputs] of expected.outputs) {
    if (options.except?.includes(target)) continue;
    const found = await expectOutputs(client, target, outputs);
    if (target === place.target) authors.push(...found.authors);
    wrong.duplicates += found.duplicates;
    wrong.losses += found.losses;
  }
  return { messages: done, authors, ...wrong };
}

/** Names the key of a consumer's record. */
export function recordKey({ stream, consumerId }: Place): string {
  return `ars:{${tagOf(stream)}}:consumer:${encode(stream)}:${encode(consumerId)}`;
}

/** Names the key of a consumer's state. */
export function stateKey({ stream, consumerId }: Place): string {
  return `ars:{${tagOf(stream)}}:state:${encode(stream)}:${encode(consumerId)}`;
}

/** Names the key that lists the consumers of a stream. */
export function registryKey({ stream }: Place): string {
  return `ars:{${tagOf(stream)}}:consumers:${encode(stream)}`;
}

/** Computes the fold: what the state and the outputs must be after exactly these entries in this order. */
export function foldOf(entries: readonly Entry[], target: string): Expected {
  const state: Expected['state'] = { count: 0, sum: 0, hash: 2166136261, totals: {} };
  const outputs = new Map<string, Record<string, string>[]>([[target, []]]);
  let hash = 2166136261n;
  entries.forEach(({ fields }, index) => {
    const { n, key, amount, also } = fields as { n: string; key: string; amount: string; also?: string };
    for (const byte of Buffer.from(n)) hash = ((hash ^ BigInt(byte)) * 16777619n) & 0xffffffffn;
    const total = (state.totals[key] ??= { count: 0, recent: [] });
    state.totals[key] = { count: total.count + 1, recent: [...total.recent, n].slice(-3) };
    state.sum += Number.parseInt(amount, 10);
    const output = { count: String(index + 1), hash: String(hash), n, of: String(total.count + 1) };
    const targets = [...((index + 1) % 10 === 0 ? [target] : []), ...(also === undefined ? [] : also.split(','))];
    for (const name of targets) {
      if (!outputs.has(name)) outputs.set(name, []);
      outputs.get(name)!.push(output);
    }
  });
  return { state: { ...state, count: entries.length, hash: Number(hash) }, outputs };
}

async function expectState(
  client: Redis,
  place: Place,
  record: Record<string, string>,
  expected: Expected,
): Promise<void> {
  const stored = await client.hgetall(stateKey(place));
  if (expected.state.count === 0) {
    expect(stored, 'no state before the first message').toEqual({});
    return;
  }
  const attributes = Object.entries(stored).filter(([field]) => field.startsWith('a:'));
  const state = Object.fromEntries(attributes.map(([field, value]) => [field.slice(2), JSON.parse(value) as unknown]));
  expect(state, 'state').toEqual(expected.state);
  expect(stored['owner'], 'owner of the state').toBe(recordKey(place));
  expect(stored['commit'], 'commit of the state').toBe(record['stateCommit']);
}

async function expectOutputs(
  client: Redis,
  target: string,
  expected: readonly Record<string, string>[],
): Promise<Omit<Verdict, 'messages'>> {
  const entries = await readAll(client, target);
  const found = entries.map(({ fields: { by: _by, ...output } }) => output);
  const { duplicates, losses } = differences(found, expected);
  expect({ duplicates, losses }, `outputs in ${target}`).toEqual({ duplicates: 0, losses: 0 });
  const wrong = found.findIndex((output, index) => JSON.stringify(output) !== JSON.stringify(expected[index]));
  if (wrong >= 0)
    expect(found.slice(wrong, wrong + 3), `${target} from ${wrong}`).toEqual(expected.slice(wrong, wrong + 3));
  expect(entries.length, `number of outputs in ${target}`).toBe(expected.length);
  if (expected.length === 0) {
    expect(await client.exists(target), `${target} was never made`).toBe(0);
    return { authors: [], duplicates, losses };
  }
  const { added, lastId } = await describe(client, target);
  expect(added, `entries ever added to ${target}`).toBe(expected.length);
  expect(lastId, `last ID of ${target}`).toBe(entries.at(-1)!.id);
  return { authors: entries.map(({ fields }) => fields['by'] ?? ''), duplicates, losses };
}

/** A message that publishes the same twice, to one target, is not counted as a duplicate: it is expected twice. */
function differences(
  found: readonly Record<string, string>[],
  expected: readonly Record<string, string>[],
): { duplicates: number; losses: number } {
  const left = new Map<string, number>();
  for (const output of expected) left.set(JSON.stringify(output), (left.get(JSON.stringify(output)) ?? 0) + 1);
  for (const output of found) left.set(JSON.stringify(output), (left.get(JSON.stringify(output)) ?? 0) - 1);
  const counts = [...left.values()];
  return {
    duplicates: counts.filter((count) => count < 0).reduce((total, count) => total - count, 0),
    losses: counts.filter((count) => count > 0).reduce((total, count) => total + count, 0),
  };
}

/** What XINFO tells of a stream. */
export async function describe(client: Redis, stream: string): Promise<{ added: number; lastId: string }> {
  const flat = (await client.xinfo('STREAM', stream)) as unknown[];
  const info = new Map<unknown, unknown>();
  for (let i = 0; i < flat.length; i += 2) info.set(flat[i], flat[i + 1]);
  return { added: Number(info.get('entries-added')), lastId: String(info.get('last-generated-id')) };
}

async function readAll(client: Redis, stream: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (let from = '-'; ; from = `(${entries.at(-1)!.id}`) {
    const page = await client.xrange(stream, from, '+', 'COUNT', 5_000);
    for (const [id, flat] of page) entries.push({ id, fields: fieldsOf(flat) });
    if (page.length < 5_000) return entries;
  }
}

function fieldsOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i]!] = flat[i + 1]!;
  return fields;
}

function tagOf(stream: string): string {
  return /\{([^}]+)\}/.exec(stream)?.[1] ?? stream;
}

function encode(part: string): string {
  return part.replace(/[:{}%]/g, (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`);
}
