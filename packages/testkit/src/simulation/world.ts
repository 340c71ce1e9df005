import type { StreamStore } from '@ars/core';
import { createMemoryStore, type MemoryStore } from '@ars/memory';
import { SeededRandom } from '../chance/seeded-random.js';
import { HomeLog } from './home-log.js';
import { type OlderContent, StreamLedger } from './stream-ledger.js';
import { chooseTopology, FAR, type Topology } from './topology.js';
import { EPOCH_MS, VirtualClock } from './virtual-clock.js';

/** One faulty world: its time and chance, its servers, and what is known of all that happens in it. */
export class World {
  readonly random: SeededRandom;
  readonly clock: VirtualClock = new VirtualClock();
  readonly topology: Topology;
  /** The server where every consumer commits. */
  readonly home: StreamLedger;
  /** The server that relays read from; it never fails. */
  readonly far: StreamLedger;
  readonly log: HomeLog = new HomeLog();
  readonly trace: string[] = [];
  /** How often each kind of thing happened. */
  readonly counts: Map<string, number> = new Map();
  /** What broke a promise as soon as it was seen. */
  readonly problems: string[] = [];
  /** Set once nothing fails any more. */
  isHealed = false;
  /** What the home's clock lags behind; a server that takes over may have one that lags. */
  #lagMs = 0;
  #copy: { readonly content: OlderContent; readonly atMs: number } | undefined;
  readonly #homeStore: StreamStore;
  readonly #onTrace: (line: string) => void;

  constructor(seed: number, alter: (memory: MemoryStore) => StreamStore, onTrace: (line: string) => void) {
    this.random = new SeededRandom(seed);
    this.topology = chooseTopology(this.random);
    this.#onTrace = onTrace;
    const after = (delayMs: number, callback: () => void): (() => void) => this.clock.after(delayMs, callback);
    const now = (): number => Math.floor(EPOCH_MS + this.clock.now() - this.#lagMs);
    this.home = new StreamLedger(createMemoryStore({ name: 'home', now, after }), this.topology.streams);
    this.#homeStore = alter(this.home.store);
    this.far = new StreamLedger(createMemoryStore({ name: 'far', now, after }), [FAR]);
  }

  /** The home's server as one process reaches it. */
  homeFor(process: string): StreamStore {
    return this.log.observed(this.#homeStore, process);
  }

  /** Writes a line of the trace. */
  note(line: string): void {
    const text = `${this.clock.now().toFixed(2).padStart(10)}  ${line}`;
    this.trace.push(text);
    this.#onTrace(text);
  }

  /** Counts something and writes it into the trace. */
  happened(what: string, detail = ''): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1);
    this.note(`${what}${detail === '' ? '' : ` ${detail}`}`);
  }

  /** A replica copies the home's server. */
  copy(): void {
    this.#copy = { content: this.home.snapshot(), atMs: this.clock.now() };
    this.log.events.push({ kind: 'copied', copy: this.#copy.content });
    this.happened('copy');
  }

  /** The replica takes over; what came after its copy is lost. Its clock may stand at the time of the copy. */
  failover(): boolean {
    if (this.#copy === undefined) return false;
    const { content, atMs } = this.#copy;
    if (this.random.isLucky(0.5)) this.#lagMs += this.clock.now() - atMs;
    this.home.restore(content);
    this.log.events.push({ kind: 'restored', copy: content });
    this.happened('failover', `to the copy of ${atMs.toFixed(2)}`);
    return true;
  }
}
