import type { StoredRecord } from '@ars/core';
import type { LogEvent } from './home-log.js';
import type { SimulatedState } from './simulated-fold.js';
import type { LedgerEntry, StreamLedger } from './stream-ledger.js';
import type { FinalEnd, Supervisor } from './supervisor.js';
import { addressOf, type ConsumerSpec, FAR } from './topology.js';
import type { World } from './world.js';

/** All that can be known of a consumer at the end. */
export interface ConsumerEvidence {
  readonly spec: ConsumerSpec;
  readonly record: StoredRecord | undefined;
  /** `undefined` when none is stored. */
  readonly state: SimulatedState | undefined;
  readonly finalEnd: FinalEnd | undefined;
}

/** All that checkers judge by. */
export interface Evidence {
  readonly consumers: readonly ConsumerEvidence[];
  readonly events: readonly LogEvent[];
  readonly home: StreamLedger;
  /** Everything that a stream has ever held, in the history that counts. */
  entriesOf(stream: string): readonly LedgerEntry[];
}

/** Looks at the stores at the end of a simulation. */
export async function collectEvidence(world: World, supervisors: readonly Supervisor[]): Promise<Evidence> {
  const consumers: ConsumerEvidence[] = [];
  for (const { spec, finalEnd } of supervisors) {
    const home = await world.home.store.openHome(addressOf(spec));
    const { record, state } = await home.inspect();
    home.close();
    const attributes = Array.from(state?.attributes ?? [], ([name, value]) => [
      name,
      JSON.parse(String(value)) as unknown,
    ]);
    const decoded = state === undefined ? undefined : (Object.fromEntries(attributes) as SimulatedState);
    consumers.push({ spec, record, state: decoded, finalEnd });
  }
  const entriesOf = (stream: string): readonly LedgerEntry[] =>
    (stream === FAR ? world.far : world.home).entries(stream);
  return { consumers, events: world.log.events, home: world.home, entriesOf };
}

/** The entries of a stream that a consumer has committed, by its stored position. */
export function committedEntries(
  evidence: Evidence,
  { record }: ConsumerEvidence,
  stream: string,
): readonly LedgerEntry[] {
  const position = record?.cursors.find((cursor) => cursor.stream === stream)?.position ?? '0-0';
  const entries = evidence.entriesOf(stream);
  return entries.slice(0, entries.findIndex(({ id }) => id === position) + 1);
}
