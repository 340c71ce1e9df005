import type { ConsumerAddress } from '@ars/core';
import type { SeededRandom } from '../chance/seeded-random.js';

/** One consumer of a simulation: what it reads and where its outputs go. */
export interface ConsumerSpec {
  readonly id: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Whether its inputs are in another store than its home. */
  readonly isRelay: boolean;
  readonly isStateless: boolean;
}

/** What is appended to by producers, and in which of the two stores. */
export interface Topology {
  readonly consumers: readonly ConsumerSpec[];
  /** Streams of the home that producers append to. */
  readonly sources: readonly string[];
  /** Every stream of the home. */
  readonly streams: readonly string[];
}

/** The hash tag that all streams of a simulation share. */
export const HOME = 'sim';

/** The stream that relays read, in a store of its own. */
export const FAR = '{sim}far';

/** A stream's full name. */
export function streamName(short: string): string {
  return `{${HOME}}${short}`;
}

/** Chooses who takes part: always a chain of two, and by chance a reader of two streams, a relay, one without state. */
export function chooseTopology(random: SeededRandom): Topology {
  const spec = (
    id: string,
    inputs: string[],
    outputs: string[],
    changes: Partial<ConsumerSpec> = {},
  ): ConsumerSpec => ({
    id,
    inputs: inputs.map(streamName),
    outputs: outputs.map(streamName),
    isRelay: false,
    isStateless: false,
    ...changes,
  });
  const consumers = [spec('first', ['in'], ['mid', 'side']), spec('second', ['mid'], ['out'])];
  if (random.isLucky(0.5)) consumers.push(spec('both', ['in', 'extra'], ['merged']));
  if (random.isLucky(0.4)) consumers.push(spec('relay', ['far'], ['landed'], { isRelay: true }));
  if (random.isLucky(0.4)) consumers.push(spec('plain', ['side'], ['copied'], { isStateless: true }));
  const sources = ['in', 'extra'].map(streamName);
  return { consumers, sources, streams: [...new Set([...sources, ...consumers.flatMap(({ outputs }) => outputs)])] };
}

/** Where a consumer's record and state are. */
export function addressOf({ id, inputs, isRelay, isStateless }: ConsumerSpec): ConsumerAddress {
  return {
    consumerId: id,
    home: HOME,
    scope: inputs.length > 1 ? '*' : inputs[0]!,
    streams: inputs,
    readsHere: !isRelay,
    stateName: isStateless ? null : undefined,
    isKeyed: false,
  };
}
