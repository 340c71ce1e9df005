import { inspect, isDeepStrictEqual } from 'node:util';
import type { Commit } from '@ars/core';

/** What came of one run. */
export interface RunResult {
  /** What each message wrote, where commits were of one message each; by its number, counted from 0. */
  readonly effects: ReadonlyMap<number, MessageEffect>;
  readonly state: unknown;
  /** Fields of everything that was published, by stream. */
  readonly published: Readonly<Record<string, readonly unknown[]>>;
  readonly calls: number;
}

/** What one message's commit wrote. */
export interface MessageEffect {
  readonly published: readonly unknown[];
  readonly state: Readonly<Record<string, unknown>>;
}

/** The first difference between two runs, and the message that it shows at, counted from 0. */
export interface Difference {
  readonly at: number | undefined;
  readonly text: string;
}

/** What a commit of one message wrote, comparable between runs. */
export function effectOf({ publishes, state }: Commit): MessageEffect {
  const set = (state?.set ?? []).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : Buffer.from(value).toString('hex'),
  ]);
  const deleted = (state?.deleted ?? []).map((name) => [name, undefined]);
  const published = publishes.map(({ stream, fields }) => ({ stream, fields: fields.map((field) => String(field)) }));
  return { published, state: Object.fromEntries([...set, ...deleted]) };
}

/** Compares a run with what it should have been; `undefined` when nothing differs. */
export function differenceBetween(expected: RunResult, found: RunResult): Difference | undefined {
  for (const [at, effect] of expected.effects) {
    const other = found.effects.get(at);
    const text = other === undefined ? undefined : effectDifference(effect, other);
    if (text !== undefined) return { at, text };
  }
  if (!isDeepStrictEqual(expected.state, found.state)) {
    return { at: undefined, text: `the state at the end is ${shown(found.state)} instead of ${shown(expected.state)}` };
  }
  for (const stream of new Set([...Object.keys(expected.published), ...Object.keys(found.published)])) {
    const [wanted, got] = [expected.published[stream] ?? [], found.published[stream] ?? []];
    if (isDeepStrictEqual(wanted, got)) continue;
    const first = wanted.findIndex((message, index) => !isDeepStrictEqual(message, got[index]));
    const index = first === -1 ? wanted.length : first;
    return {
      at: undefined,
      text: `message ${index + 1} published to "${stream}" is ${shown(got[index])} instead of ${shown(wanted[index])} (${got.length} instead of ${wanted.length} in all)`,
    };
  }
  return undefined;
}

function effectDifference(expected: MessageEffect, found: MessageEffect): string | undefined {
  if (!isDeepStrictEqual(expected.published, found.published)) {
    return `it publishes ${shown(found.published)} instead of ${shown(expected.published)}`;
  }
  for (const name of new Set([...Object.keys(expected.state), ...Object.keys(found.state)])) {
    if (isDeepStrictEqual(expected.state[name], found.state[name])) continue;
    return `it leaves ${shown(found.state[name])} instead of ${shown(expected.state[name])} in attribute "${name}"`;
  }
  return undefined;
}

function shown(value: unknown): string {
  return inspect(value, { depth: 4, breakLength: Infinity, maxArrayLength: 5, maxStringLength: 200 });
}
