import {
  type EntryId, isArsError, type Logger, type Serializer, StreamConsumer, type StoredFields, type StreamLike, type Transaction,
} from '@ars/core'; // prettier-ignore
import { createMemoryStore, type MemorySnapshot, type MemoryStore } from '@ars/memory';
import { SeededRandom } from '../chance/seeded-random.js';
import { createFaultPlan, type FaultPlan } from '../faults/fault-plan.js';
import type { PlannedFault } from '../faults/fault.js';
import { type FaultyStore, faultyStore } from '../faults/faulty-store.js';
import { HomeLog } from '../simulation/home-log.js';
import { EPOCH_MS, VirtualClock } from '../simulation/virtual-clock.js';
import { effectOf, type MessageEffect, type RunResult } from './difference.js';
import type { Scenario } from './scenario.js';
import { type Interruption, verifiedHandler } from './verified-handler.js';

/** One entry of the stream that a handler is verified on. */
export interface InputEntry {
  readonly id: EntryId;
  readonly fields: StoredFields;
}

/** What every run of one verification has in common. */
export interface RunSubject {
  readonly stream: StreamLike;
  readonly streamName: string;
  readonly inputs: readonly InputEntry[];
  /** Makes the handler of one process. */
  readonly createHandler: () => object;
  /** Options of the consumer that the user gives. */
  readonly consumer: { readonly state?: object | (() => object); readonly serializer?: Serializer };
}

/** One process of a run. */
interface Process {
  readonly store: FaultyStore;
  readonly consumer: StreamConsumer<Record<string, unknown>>;
}

const silent = (): void => {};
const quiet: Logger = { debug: silent, info: silent, warn: silent, error: silent };
const LEASE_MS = 300;

/** Runs one consumer over all messages, while what the scenario says goes wrong. */
export class HandlerRun {
  readonly #subject: RunSubject;
  readonly #scenario: Scenario;
  readonly #clock = new VirtualClock();
  readonly #random: SeededRandom;
  readonly #memory: MemoryStore;
  readonly #log = new HomeLog();
  readonly #numbers: ReadonlyMap<EntryId, number>;
  readonly #processes: Process[] = [];
  /** Handlers that are running, in any process. */
  #running = 0;
  #calls = 0;
  #copy: MemorySnapshot | undefined;
  #commits = 0;
  #hasStruck = false;
  #isDone = false;

  constructor(subject: RunSubject, scenario: Scenario) {
    this.#subject = subject;
    this.#scenario = scenario;
    this.#random = new SeededRandom(scenario.kind === 'random' ? scenario.seed : 1);
    const after = this.#after;
    this.#memory = createMemoryStore({ now: () => EPOCH_MS + Math.floor(this.#clock.now()), after });
    this.#numbers = new Map(subject.inputs.map(({ id }, index) => [id, index]));
    for (const { id, fields } of subject.inputs) this.#memory.add(subject.streamName, fields, id);
  }

  /** Runs to the end of the stream. Rejects with what ended the consumer. */
  async result(): Promise<RunResult> {
    this.#launch();
    const isBusy = (): boolean => this.#running > 0;
    const { state } = await this.#clock.until(this.#complete(), 'the end of the messages', { isBusy });
    return { effects: this.#effects(), state, published: this.#published(), calls: this.#calls };
  }

  readonly #after = (delayMs: number, callback: () => void): (() => void) => this.#clock.after(delayMs, callback);

  /** Waits until the newest process has committed everything, also after it was told what happened to its home. */
  async #complete(): Promise<StreamConsumer<Record<string, unknown>>> {
    for (;;) {
      const process = this.#processes.at(-1)!;
      const isThrough = await this.#outcome(process, async () => {
        await process.consumer.caughtUp();
        await this.#clock.sleep(2 * LEASE_MS);
        await process.consumer.caughtUp();
      });
      if (!isThrough || process !== this.#processes.at(-1)) continue;
      this.#isDone = true;
      await Promise.all(this.#processes.map(({ consumer }) => consumer.stop()));
      return process.consumer;
    }
  }

  /** Whether it succeeded. What fails in a process that is dead or taken over is nobody's failure; other failures count. */
  async #outcome(process: Process, act: () => Promise<void>): Promise<boolean> {
    try {
      await act();
      return true;
    } catch (error) {
      await this.#clock.sleep(1);
      if (process.store.isKilled || process !== this.#processes.at(-1)) return false;
      if (!isFromFault(error)) throw error;
      process.store.kill();
      return false;
    }
  }

  #launch(): void {
    const store = faultyStore(this.#log.observed(this.#memory, String(this.#processes.length)), this.#plan());
    const handler = verifiedHandler(this.#subject.createHandler(), {
      before: () => (this.#calls += 1),
      after: (id) => this.#interruption(id, store),
      running: (change) => (this.#running += change),
    });
    const consumer = this.#createConsumer(store, handler);
    this.#processes.push({ store, consumer });
    consumer.start().catch(silent);
    consumer.on('commit', ({ messages }) => this.#committed(messages));
    void store.killed.then(() => {
      void consumer.stop();
      if (!this.#isDone) this.#launch();
    });
  }

  #plan(): FaultPlan {
    const scenario = this.#scenario;
    const after = this.#after;
    if (scenario.kind === 'random' && this.#processes.length < 20) {
      const seed = this.#random.between(0, 2 ** 30);
      return createFaultPlan({
        seed,
        chance: 0.04,
        faults: ['lose', 'cut', 'delay', 'duplicate', 'kill'],
        latencyMsMax: 2,
        after,
      });
    }
    const plan = createFaultPlan({ after });
    if (this.#processes.length > 0) return plan;
    if (scenario.kind === 'death after the commit') plan.next('after-commit', 'kill', scenario.at);
    if (scenario.kind === 'lost answer') plan.next('after-commit', 'lose', scenario.at);
    if (scenario.kind === 'takeover') this.#takeOver(plan.next('before-commit', 'delay', scenario.at));
    return plan;
  }

  /** While a commit is on its way, another process takes the consumer over; then the commit arrives. */
  #takeOver(held: PlannedFault): void {
    void held.reached.then(() => {
      this.#launch();
      this.#processes.at(-1)!.consumer.on('claimed', () => void held.release());
    });
  }

  #createConsumer(store: FaultyStore, handler: object): Process['consumer'] {
    const maxMessages = this.#scenario.kind === 'random' ? this.#random.pick([1, 3, 1_000]) : 1;
    return new StreamConsumer({
      store,
      stream: this.#subject.stream as string,
      consumerId: 'verified',
      handler: handler as { handle(message: unknown, transaction: Transaction): unknown },
      batch: { maxMessages },
      retry: { attempts: 5, minDelayMs: 1, maxDelayMs: 10 },
      leaseMs: LEASE_MS,
      stopTimeoutMs: 1_000,
      logger: quiet,
      environment: this.#clock.environment(this.#random),
      ...(this.#subject.consumer as { state?: Record<string, unknown> }),
    });
  }

  /** What becomes of a handler that has done its work. */
  #interruption(id: EntryId, store: FaultyStore): Interruption {
    if (this.#isDue('failure', id) || (this.#scenario.kind === 'random' && this.#random.isLucky(0.05))) return 'fail';
    if (this.#isDue('death before the commit', id)) store.kill();
    return 'none';
  }

  /** Whether the scenario's fault is to happen at this message now; true once. */
  #isDue(kind: Scenario['kind'], id: EntryId): boolean {
    const scenario = this.#scenario;
    if (this.#hasStruck || scenario.kind !== kind || !('at' in scenario) || this.#numbers.get(id) !== scenario.at)
      return false;
    this.#hasStruck = true;
    return true;
  }

  /** Fails over to the copy of three messages ago, or of the beginning. */
  #committed(messages: number): void {
    const scenario = this.#scenario;
    if (scenario.kind !== 'failover' || this.#hasStruck) return;
    this.#commits += messages;
    if (this.#commits <= Math.max(1, scenario.at - 2)) this.#copy = this.#memory.snapshot();
    if (this.#commits <= scenario.at || this.#copy === undefined) return;
    this.#hasStruck = true;
    this.#memory.restoreSnapshot(this.#copy);
  }

  /** What each message wrote, by the last commit of it that was applied; only where commits are of one message each. */
  #effects(): Map<number, MessageEffect> {
    const effects = new Map<number, MessageEffect>();
    if (this.#scenario.kind === 'random') return effects;
    for (const event of this.#log.events) {
      if (event.kind !== 'call' || event.call !== 'commit' || event.answer?.outcome !== 'committed') continue;
      const cursor = event.commit.cursors[0];
      if (cursor !== undefined) effects.set(this.#numbers.get(cursor.position)!, effectOf(event.commit));
    }
    return effects;
  }

  #published(): Record<string, readonly unknown[]> {
    const streams = new Set<string>();
    for (const event of this.#log.events) {
      if (event.kind === 'call' && event.call === 'commit')
        for (const { stream } of event.commit.publishes) streams.add(stream);
    }
    return Object.fromEntries(
      Array.from(streams, (stream) => [stream, this.#memory.entries(stream).map(({ message }) => message)]),
    );
  }
}

/** Whether a consumer ended because of what was done to its store: then another process goes on. */
function isFromFault(error: unknown): boolean {
  return (['ARS_FENCED', 'ARS_STORE_UNAVAILABLE', 'ARS_STATE_LOST'] as const).some((code) => isArsError(error, code));
}
