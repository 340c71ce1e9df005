import type { ConsumerAddress } from '@ars/core';
import type { KeyLayout } from '../key-layout.js';

/** The keys of one consumer at its home. */
export interface HomeKeys {
  readonly record: string;
  readonly state: string | undefined;
  /** Whether the state is read by key rather than as a whole. */
  readonly isKeyed: boolean;
  /** The registry of each stream that is read from this very store; empty for a consumer that reads elsewhere. */
  readonly registries: ReadonlyMap<string, string>;
}

/** Derives a consumer's keys from its address. */
export function homeKeys(layout: KeyLayout, address: ConsumerAddress): HomeKeys {
  const here = address.readsHere ? address.streams : [];
  return {
    record: layout.record(address),
    state: layout.state(address),
    isKeyed: address.isKeyed,
    registries: new Map(here.map((stream) => [stream, layout.registry(stream)])),
  };
}

/** The KEYS of inspect and claim: record, state if there is one, registries in the order of the streams. */
export function consumerKeys(keys: HomeKeys): string[] {
  return [keys.record, ...(keys.state === undefined ? [] : [keys.state]), ...keys.registries.values()];
}
